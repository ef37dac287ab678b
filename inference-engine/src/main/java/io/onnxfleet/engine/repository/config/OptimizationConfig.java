package io.onnxfleet.engine.repository.config;

import io.onnxfleet.engine.runtime.ExecutionProvider;
import java.util.List;
import java.util.Map;

/**
 * How ONNX Runtime is asked to execute the graph.
 *
 * @param graphLevel graph optimisations: -1 basic ones only, 0 all, 1 and above basic and extended
 * @param gpuAccelerators preferred for instances on a GPU, in that order
 * @param cpuAccelerators preferred for instances on a CPU, in that order
 */
public record OptimizationConfig(
    int graphLevel, List<Accelerator> gpuAccelerators, List<Accelerator> cpuAccelerators) {

  public static final OptimizationConfig DEFAULT = new OptimizationConfig(0, List.of(), List.of());

  public OptimizationConfig {
    gpuAccelerators = List.copyOf(gpuAccelerators);
    cpuAccelerators = List.copyOf(cpuAccelerators);
  }

  /** An execution provider and its options by ONNX Runtime's names. */
  public record Accelerator(ExecutionProvider provider, Map<String, String> options) {
    public Accelerator {
      options = Map.copyOf(options);
    }
  }
}
