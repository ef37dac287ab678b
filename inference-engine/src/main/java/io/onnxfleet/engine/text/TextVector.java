package io.onnxfleet.engine.text;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;

/**
 * The vector of one text in the making: the sum of its windows' vectors, each times its weight.
 * Thread-safe.
 */
final class TextVector {
  @GuardedBy("this")
  private double[] sums = {};

  /** Adds a window's vector; all are of one length, and the weight is at least 1. */
  synchronized void add(float[] vector, int weight) {
    if (sums.length == 0) {
      sums = new double[vector.length];
    } else if (sums.length != vector.length) {
      throw new InferenceException(
          ErrorCode.EXECUTION_FAILED,
          "a vector of %d numbers (expected %d, as before)".formatted(vector.length, sums.length));
    }
    for (int index = 0; index < vector.length; index++) {
      sums[index] += (double) vector[index] * weight;
    }
  }

  /** Scaled to length 1; zeros stay zeros. */
  synchronized float[] normalized() {
    double squares = 0;
    for (double sum : sums) {
      squares += sum * sum;
    }
    if (!Double.isFinite(squares)) {
      throw new InferenceException(
          ErrorCode.EXECUTION_FAILED, "the model answered NaN or Infinity (expected numbers)");
    }
    double scale = squares == 0 ? 0 : 1 / Math.sqrt(squares);
    float[] vector = new float[sums.length];
    for (int index = 0; index < vector.length; index++) {
      vector[index] = (float) (sums[index] * scale);
    }
    return vector;
  }
}
