package io.onnxfleet.optimizer.quantize.calibrated;

import java.util.Set;

/**
 * What to make of a model by calibration.
 *
 * @param symmetric whether the 8-bit form of activations has its zero in the middle (INT8), which
 *     some accelerators want; else UINT8 with a zero point, which is finer after Relu
 * @param operators which operators may become 8-bit; empty for all that are known
 * @param excluded names of nodes that stay as they are
 */
public record StaticOptions(
    Format format, boolean symmetric, Set<String> operators, Set<String> excluded) {
  public static final StaticOptions DEFAULT =
      new StaticOptions(Format.QDQ, false, Set.of(), Set.of());

  /** How a graph says that it is 8-bit. */
  public enum Format {
    /** Operators as they were between pairs that quantize and dequantize; runtimes fuse them. */
    QDQ,
    /** ONNX Runtime's operators that compute in 8 bits. */
    QOPERATOR
  }

  public StaticOptions {
    operators = Set.copyOf(operators);
    excluded = Set.copyOf(excluded);
  }

  /** The same with other nodes excluded. */
  public StaticOptions excluding(Set<String> nodes) {
    return new StaticOptions(format, symmetric, operators, nodes);
  }
}
