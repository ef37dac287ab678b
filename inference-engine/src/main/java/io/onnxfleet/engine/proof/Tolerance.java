package io.onnxfleet.engine.proof;

import io.onnxfleet.engine.tensor.DataType;

/**
 * By how much two answers of one output may differ that count as the same.
 *
 * @param relative of the largest magnitude of the output
 * @param absolute besides
 */
public record Tolerance(double relative, double absolute) {
  /** No difference at all. */
  public static final Tolerance EXACT = new Tolerance(0, 0);

  private static final Tolerance FP64 = new Tolerance(1e-12, 0);
  private static final Tolerance FP32 = new Tolerance(1e-5, 0);

  /** Two units in the last place of the largest magnitude. */
  private static final Tolerance FP16 = new Tolerance(2 * 0x1p-10, 0);

  private static final Tolerance BF16 = new Tolerance(2 * 0x1p-7, 0);

  /** One of the 255 steps of a value in 8 bits. */
  private static final Tolerance QUANTIZED = new Tolerance(1.0 / 255, 0);

  /** The tolerance of one output. */
  public static Tolerance of(String output, DataType type, GraphFacts facts) {
    return switch (type) {
      case FP32, FP64, FP16, BF16 -> ofFloats(output, type, facts);
      case INT8, UINT8 -> facts.isStaticallyQuantized() ? new Tolerance(0, 1) : EXACT;
      case BOOL, INT16, UINT16, INT32, UINT32, INT64, UINT64, BYTES -> EXACT;
    };
  }

  private static Tolerance ofFloats(String output, DataType type, GraphFacts facts) {
    if (facts.isStaticallyQuantized()) {
      double quantum = facts.quantum(output).orElse(0);
      return quantum > 0 ? new Tolerance(FP32.relative, 1.001 * quantum) : QUANTIZED;
    }
    if (type == DataType.BF16 || facts.computesInBrainFloats()) {
      return BF16;
    }
    if (type == DataType.FP16 || facts.computesInHalfs()) {
      return FP16;
    }
    return type == DataType.FP64 ? FP64 : FP32;
  }

  /** The difference that is allowed where the largest magnitude is that. */
  double of(double largest) {
    return relative * largest + absolute;
  }
}
