package io.onnxfleet.engine.text;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import java.nio.FloatBuffer;

/** How one vector for a window is made of what the model answers. */
public enum Pooling {
  /** The mean of the tokens' vectors, special tokens included, padding left out. */
  MEAN(3) {
    @Override
    float[] pool(FloatBuffer values, int tokens, float[] vector) {
      // A copied row is summed in vector registers, and stays in the first cache.
      float[] row = new float[vector.length];
      for (int token = 0; token < tokens; token++) {
        values.get(row);
        for (int index = 0; index < row.length; index++) {
          vector[index] += row[index];
        }
      }
      float scale = 1f / tokens;
      for (int index = 0; index < vector.length; index++) {
        vector[index] *= scale;
      }
      return vector;
    }
  },

  /** The vector of the first token. */
  CLS(3) {
    @Override
    float[] pool(FloatBuffer values, int tokens, float[] vector) {
      values.get(vector);
      return vector;
    }
  },

  /** The model pools by itself: its answer is one vector a row. */
  MODEL(2) {
    @Override
    float[] pool(FloatBuffer values, int tokens, float[] vector) {
      values.get(vector);
      return vector;
    }
  };

  private final int rank;

  Pooling(int rank) {
    this.rank = rank;
  }

  /**
   * The pooling of that name in a model's parameters: {@code mean} or {@code cls}.
   *
   * @throws InferenceException if there is none
   */
  static Pooling parse(String name) {
    return switch (name) {
      case "mean" -> MEAN;
      case "cls" -> CLS;
      default ->
          throw new InferenceException(
              ErrorCode.MODEL_LOAD_FAILED,
              "%s: %s (expected one of [mean, cls])".formatted(TextModel.POOLING, name));
    };
  }

  /**
   * The vector of one row.
   *
   * @param output of a batch of one row; padding behind its tokens may have been left or cut off
   * @param tokens of the row that are not padding
   */
  float[] vectorOf(Tensor output, int tokens) {
    Shape shape = output.shape();
    boolean fits =
        output.dataType() == DataType.FP32
            && shape.rank() == rank
            && shape.dim(0) == 1
            && (rank == 2 || shape.dim(1) >= tokens);
    if (!fits) {
      throw new InferenceException(
          ErrorCode.EXECUTION_FAILED,
          "the model answered %s (expected FP32%s)"
              .formatted(output, rank == 2 ? "[1,-1]" : "[1," + tokens + ",-1]"));
    }
    float[] vector = new float[(int) shape.dim(rank - 1)];
    return pool(output.data().asFloatBuffer(), tokens, vector);
  }

  abstract float[] pool(FloatBuffer values, int tokens, float[] vector);
}
