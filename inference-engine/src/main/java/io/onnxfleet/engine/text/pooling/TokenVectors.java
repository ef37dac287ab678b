package io.onnxfleet.engine.text.pooling;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;

/** Reads the vectors that a model answered, one after the other, as single precision. */
public sealed interface TokenVectors {
  /** Fills a vector with the n-th, counted from 0. */
  void read(int index, float[] vector);

  static boolean isReadable(DataType type) {
    return switch (type) {
      case FP32, FP16, BF16, FP64 -> true;
      default -> false;
    };
  }

  /**
   * Those of what a model answered to one row.
   *
   * @param rank of the output, 3 for a vector a token, 2 for one a row
   * @param least vectors that there must be
   * @throws InferenceException if the model answered anything else
   */
  static TokenVectors ofRow(Tensor output, int rank, int least) {
    Shape shape = output.shape();
    boolean fits =
        isReadable(output.dataType())
            && shape.rank() == rank
            && shape.dim(0) == 1
            && (rank == 2 || shape.dim(1) >= least);
    if (!fits) {
      throw new InferenceException(
          ErrorCode.EXECUTION_FAILED,
          "the model answered %s (expected FP32%s)"
              .formatted(output, rank == 2 ? "[1,-1]" : "[1," + least + ",-1]"));
    }
    return of(output, dimensions(output));
  }

  /** Numbers of each vector of an output. */
  static int dimensions(Tensor output) {
    return (int) output.shape().dim(output.shape().rank() - 1);
  }

  /**
   * The only vector of a row, all of whose numbers are finite.
   *
   * @throws InferenceException if the model answered anything else
   */
  static float[] finiteRow(Tensor output) {
    float[] row = new float[dimensions(output)];
    ofRow(output, 2, 1).read(0, row);
    requireFinite(row);
    return row;
  }

  /** Refuses what cannot be compared, and is no JSON. */
  static void requireFinite(float... vector) {
    for (float value : vector) {
      if (!Float.isFinite(value)) {
        throw new InferenceException(
            ErrorCode.EXECUTION_FAILED, "the model answered NaN or Infinity (expected numbers)");
      }
    }
  }

  /** Those of an output whose vectors have that many numbers. */
  static TokenVectors of(Tensor output, int dimensions) {
    return switch (output.dataType()) {
      case FP32 -> new Single(output.data().asFloatBuffer());
      case FP64 -> new Twice(output.data().asDoubleBuffer(), new double[dimensions]);
      case FP16 -> new Half(output.data().asShortBuffer(), new short[dimensions], false);
      case BF16 -> new Half(output.data().asShortBuffer(), new short[dimensions], true);
      default ->
          throw new IllegalArgumentException(
              "datatype: " + output.dataType() + " (expected: a floating-point type)");
    };
  }

  /** FP32. */
  record Single(FloatBuffer values) implements TokenVectors {
    @Override
    public void read(int index, float[] vector) {
      values.get(index * vector.length, vector);
    }
  }

  /** FP64. */
  @SuppressWarnings("ArrayRecordComponent") // scratch of one reader
  record Twice(DoubleBuffer values, double[] row) implements TokenVectors {
    @Override
    public void read(int index, float[] vector) {
      values.get(index * vector.length, row);
      for (int place = 0; place < vector.length; place++) {
        vector[place] = (float) row[place];
      }
    }
  }

  /** FP16, or BF16: the upper half of an FP32. */
  @SuppressWarnings("ArrayRecordComponent") // scratch of one reader
  record Half(ShortBuffer values, short[] row, boolean isBrain) implements TokenVectors {
    @Override
    public void read(int index, float[] vector) {
      values.get(index * vector.length, row);
      for (int place = 0; place < vector.length; place++) {
        vector[place] =
            isBrain ? Float.intBitsToFloat(row[place] << 16) : Float.float16ToFloat(row[place]);
      }
    }
  }
}
