package io.onnxfleet.engine.text.pooling;

import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Tensor;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;

/** Reads the vectors that a model answered, one after the other, as single precision. */
sealed interface TokenVectors {
  /** Fills a vector with the n-th, counted from 0. */
  void read(int index, float[] vector);

  static boolean isReadable(DataType type) {
    return switch (type) {
      case FP32, FP16, BF16, FP64 -> true;
      default -> false;
    };
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
