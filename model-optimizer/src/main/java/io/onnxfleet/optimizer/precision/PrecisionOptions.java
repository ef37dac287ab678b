package io.onnxfleet.optimizer.precision;

import java.util.Set;

/**
 * How to convert.
 *
 * @param keepIo whether inputs and outputs stay FP32
 * @param weightsOnly whether only weights are stored so, and all is computed in FP32
 * @param blockedOperators operators that stay in FP32
 * @param blockedNodes names of nodes that do
 * @param maxRelativeError of the outputs
 */
public record PrecisionOptions(
    Precision precision,
    boolean keepIo,
    boolean weightsOnly,
    Set<String> blockedOperators,
    Set<String> blockedNodes,
    double maxRelativeError) {
  public PrecisionOptions {
    blockedOperators = Set.copyOf(blockedOperators);
    blockedNodes = Set.copyOf(blockedNodes);
  }

  /** Whether only weights become shorter, so that no nodes are chosen. */
  public boolean storesWeights() {
    return weightsOnly || precision == Precision.BF16;
  }

  /** The defaults for a precision. */
  public static PrecisionOptions of(Precision precision) {
    return new PrecisionOptions(precision, true, false, Set.of(), Set.of(), 1e-2);
  }
}
