package io.onnxfleet.optimizer.quantize;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Tensor;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/**
 * Weights as 8-bit integers: {@code weight = scale * value}, symmetric, so that zero stays zero and
 * no zero point is needed. INVARIANT: values of what is multiplied lie within -64 to 64.
 *
 * @param values INT8, in the weights' own shape
 * @param scales FP32, one a column or one a row
 */
public record QuantizedWeights(Tensor values, Tensor scales) {
  /**
   * Processors without VNNI add two products of an unsigned and a signed byte in 16 bits: 2 x 255 x
   * 64 still fits, so that they compute what all others do. The range of the activations, not the
   * eighth bit of the weights, decides how much a model loses.
   */
  public static final float LARGEST_FACTOR = 64f;

  /** What is not multiplied in 8 bits: rows are only looked up. */
  public static final float LARGEST_ENTRY = 127f;

  /** One scale a column, as matrix products want it. */
  public static QuantizedWeights byColumn(String name, Tensor matrix) {
    return byColumn(name, matrix, LARGEST_FACTOR, new float[Math.toIntExact(matrix.dimension(1))]);
  }

  /** One scale a column, each at least so large. */
  public static QuantizedWeights byColumn(
      String name, Tensor matrix, float levels, float[] leastScales) {
    int rows = Math.toIntExact(matrix.dimension(0));
    int columns = Math.toIntExact(matrix.dimension(1));
    float[] largest = new float[columns];
    float[] row = new float[columns];
    FloatBuffer source = matrix.floatBuffer();
    for (int i = 0; i < rows; i++) {
      source.get(row);
      for (int j = 0; j < columns; j++) {
        largest[j] = Math.max(largest[j], finite(name, row[j]));
      }
    }
    float[] scales = new float[columns];
    for (int j = 0; j < columns; j++) {
      scales[j] = Math.max(leastScales[j], scale(largest[j], levels));
    }
    ByteBuffer values = Tensor.allocate(matrix.elements());
    source = matrix.floatBuffer();
    byte[] rounded = new byte[columns];
    for (int i = 0; i < rows; i++) {
      source.get(row);
      for (int j = 0; j < columns; j++) {
        rounded[j] = round(row[j], scales[j], levels);
      }
      values.put(rounded);
    }
    return new QuantizedWeights(
        Tensor.of(ElementType.INT8, values.flip(), rows, columns),
        Tensor.ofFloats(scales, columns));
  }

  /** One scale a row, as look-ups want it. */
  public static QuantizedWeights byRow(String name, Tensor matrix) {
    int rows = Math.toIntExact(matrix.dimension(0));
    QuantizedWeights flat = byRow(name, matrix, LARGEST_ENTRY, new float[rows]);
    return new QuantizedWeights(flat.values(), flat.scales().reshaped(rows, 1));
  }

  /** One scale for each place on the first axis, each at least so large. */
  public static QuantizedWeights byRow(
      String name, Tensor weights, float levels, float[] leastScales) {
    int rows = Math.toIntExact(weights.dimension(0));
    int columns = rows == 0 ? 0 : Math.toIntExact(weights.elements() / rows);
    float[] scales = new float[rows];
    float[] row = new float[columns];
    byte[] rounded = new byte[columns];
    ByteBuffer values = Tensor.allocate(weights.elements());
    FloatBuffer source = weights.floatBuffer();
    for (int i = 0; i < rows; i++) {
      source.get(row);
      float largest = 0;
      for (float value : row) {
        largest = Math.max(largest, finite(name, value));
      }
      scales[i] = Math.max(leastScales[i], scale(largest, levels));
      for (int j = 0; j < columns; j++) {
        rounded[j] = round(row[j], scales[i], levels);
      }
      values.put(rounded);
    }
    return new QuantizedWeights(
        Tensor.of(ElementType.INT8, values.flip(), weights.dimensions()),
        Tensor.ofFloats(scales, rows));
  }

  private static float finite(String name, float value) {
    if (!Float.isFinite(value)) {
      throw new OptimizerException(
          "weight '%s' holds %s (expected: finite numbers)".formatted(name, value));
    }
    return Math.abs(value);
  }

  private static float scale(float largest, float levels) {
    // A scale must be a normal number, or its inverse is not one.
    return Math.max(largest / levels, Float.MIN_NORMAL);
  }

  private static byte round(float value, float scale, float levels) {
    return (byte) Math.clamp(Math.rint(value / scale), -levels, levels);
  }
}
