package io.onnxfleet.optimizer.head;

import java.util.List;

/**
 * A linear classifier on vectors: the logits are {@code vector * weights + bias}.
 *
 * @param labels in the order of the logits
 * @param weights a row a dimension, a column a label
 */
@SuppressWarnings("ArrayRecordComponent") // written once, by its training
public record Head(List<String> labels, float[] weights, float[] bias) {
  public Head {
    labels = List.copyOf(labels);
    if (bias.length != labels.size() || weights.length % labels.size() != 0) {
      throw new IllegalArgumentException(
          "%d weights and %d biases for %d labels"
              .formatted(weights.length, bias.length, labels.size()));
    }
  }

  /** Numbers of a vector. */
  public int dimensions() {
    return weights.length / labels.size();
  }

  /** The logits of a vector. */
  public float[] logits(float[] vector) {
    double[] sums = new double[bias.length];
    for (int label = 0; label < sums.length; label++) {
      sums[label] = bias[label];
    }
    for (int dimension = 0; dimension < vector.length; dimension++) {
      for (int label = 0; label < sums.length; label++) {
        sums[label] += (double) vector[dimension] * weights[dimension * sums.length + label];
      }
    }
    float[] logits = new float[sums.length];
    for (int label = 0; label < sums.length; label++) {
      logits[label] = (float) sums[label];
    }
    return logits;
  }

  /** The place of the largest logit, of equal ones the first. */
  static int best(float[] logits) {
    int best = 0;
    for (int label = 1; label < logits.length; label++) {
      if (logits[label] > logits[best]) {
        best = label;
      }
    }
    return best;
  }
}
