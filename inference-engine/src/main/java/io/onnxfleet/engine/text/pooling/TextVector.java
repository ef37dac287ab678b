package io.onnxfleet.engine.text.pooling;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.util.List;

/**
 * The vector of one text in the making: the sum of its windows' vectors, each times its weight.
 * Thread-safe.
 */
public final class TextVector {
  @GuardedBy("this")
  private double[] sums = {};

  @GuardedBy("this")
  private long weights;

  /** Adds a window's vector; all are of one length, and the weight is at least 1. */
  public synchronized void add(float[] vector, int weight) {
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
    weights += weight;
  }

  /**
   * The mean of the windows, put through the layers behind the pooling.
   *
   * @param normalized true to scale it to length 1
   * @throws InferenceException if it is no vector that could be compared: zeros, NaN, Infinity
   */
  public synchronized float[] finished(List<DenseLayer> layers, boolean normalized) {
    double[] values = new double[sums.length];
    for (int index = 0; index < values.length; index++) {
      values[index] = sums[index] / Math.max(1, weights);
    }
    for (DenseLayer layer : layers) {
      values = layer.apply(values);
    }
    double squares = 0;
    for (double value : values) {
      squares += value * value;
    }
    if (!Double.isFinite(squares)) {
      throw new InferenceException(
          ErrorCode.EXECUTION_FAILED, "the model answered NaN or Infinity (expected numbers)");
    }
    if (squares == 0) {
      throw new InferenceException(
          ErrorCode.EXECUTION_FAILED,
          "the model answered a vector of %d zeros, which compares with nothing (expected numbers)"
              .formatted(values.length));
    }
    double scale = normalized ? 1 / Math.sqrt(squares) : 1;
    float[] vector = new float[values.length];
    for (int index = 0; index < vector.length; index++) {
      vector[index] = (float) (values[index] * scale);
    }
    return vector;
  }
}
