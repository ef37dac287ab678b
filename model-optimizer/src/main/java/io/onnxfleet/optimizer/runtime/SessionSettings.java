package io.onnxfleet.optimizer.runtime;

/**
 * How a model is opened.
 *
 * @param threads intra-op threads, at least 1
 * @param level how much ONNX Runtime itself optimises
 */
public record SessionSettings(int threads, OptimizationLevel level) {
  /** One thread and all optimisations: how the fleet runs a model on one CPU. */
  public static final SessionSettings DEFAULT = new SessionSettings(1, OptimizationLevel.ALL);

  /** ONNX Runtime's levels of graph optimisation. */
  public enum OptimizationLevel {
    NONE,
    BASIC,
    EXTENDED,
    ALL
  }

  public SessionSettings {
    if (threads < 1) {
      throw new IllegalArgumentException("threads: " + threads + " (expected: >= 1)");
    }
  }
}
