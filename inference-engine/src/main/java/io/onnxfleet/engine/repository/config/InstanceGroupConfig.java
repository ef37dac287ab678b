package io.onnxfleet.engine.repository.config;

import java.util.List;

/**
 * Parallel executors of one model version.
 *
 * @param name for logs and metrics
 * @param count instances on each GPU named, or in all on a CPU; 0 leaves it to the engine
 * @param gpus ordinals; empty is every GPU there is
 */
public record InstanceGroupConfig(String name, Kind kind, int count, List<Integer> gpus) {

  /** Where the instances of a group run. */
  public enum Kind {
    /** On a GPU where there is one, otherwise on the CPU. */
    AUTO,
    GPU,
    CPU,
    /** As the engine is configured to. */
    MODEL
  }

  public InstanceGroupConfig {
    gpus = List.copyOf(gpus);
    if (count < 0) {
      throw new IllegalArgumentException("count: " + count + " (expected: >= 0)");
    }
    if (!gpus.isEmpty() && kind != Kind.AUTO && kind != Kind.GPU) {
      throw new IllegalArgumentException(
          "gpus: " + gpus + " (expected none, of kind " + kind + ")");
    }
  }
}
