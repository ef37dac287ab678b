package io.onnxfleet.optimizer.head;

import io.onnxfleet.optimizer.algebra.LimitedMemoryBfgs;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * What multinomial logistic regression makes as small as it can: the mean over the texts of the
 * negative logarithm of the right label's share of the softmax, and half the squares of the weights
 * over {@code C} times the number of texts. The biases are free. This is scikit-learn's {@code
 * LogisticRegression}, its penalty {@code l2}, divided by the number of texts.
 *
 * <p>Texts are summed in chunks that do not depend on the machine, and the chunks in their order:
 * the value is the same with any number of CPUs.
 */
final class SoftmaxLoss implements LimitedMemoryBfgs.Objective {
  private static final int CHUNKS = 16;

  private final float[][] vectors;
  private final int[] labels;
  private final int count;
  private final int dimensions;
  private final double inverseRegularization;

  /**
   * @param labels of each vector, from 0
   * @param count how many labels there are
   * @param inverseRegularization above 0; the larger, the less the weights are held back
   */
  SoftmaxLoss(float[][] vectors, int[] labels, int count, double inverseRegularization) {
    this.vectors = vectors;
    this.labels = labels;
    this.count = count;
    this.dimensions = vectors[0].length;
    this.inverseRegularization = inverseRegularization;
  }

  /** How many numbers are sought: a row of weights a dimension, then the biases. */
  int parameters() {
    return (dimensions + 1) * count;
  }

  @SuppressWarnings("ArrayRecordComponent") // of this class alone
  private record Part(double loss, double[] gradient) {}

  @Override
  public double at(double[] point, double[] gradient) {
    Part[] parts = new Part[CHUNKS];
    IntStream.range(0, CHUNKS).parallel().forEach(chunk -> parts[chunk] = part(chunk, point));
    Arrays.fill(gradient, 0);
    double loss = 0;
    for (Part part : parts) {
      loss += part.loss();
      double[] other = part.gradient();
      for (int index = 0; index < gradient.length; index++) {
        gradient[index] += other[index];
      }
    }
    double scale = 1.0 / vectors.length;
    double squares = 0;
    int weights = dimensions * count;
    for (int index = 0; index < gradient.length; index++) {
      double held = index < weights ? point[index] : 0;
      squares += held * held;
      gradient[index] = scale * (gradient[index] + held / inverseRegularization);
    }
    return scale * (loss + squares / (2 * inverseRegularization));
  }

  private Part part(int chunk, double[] point) {
    int from = (int) ((long) vectors.length * chunk / CHUNKS);
    int to = (int) ((long) vectors.length * (chunk + 1) / CHUNKS);
    double[] gradient = new double[parameters()];
    double[] shares = new double[count];
    double loss = 0;
    for (int row = from; row < to; row++) {
      logits(vectors[row], point, shares);
      loss += softmax(shares, labels[row]);
      shares[labels[row]] -= 1;
      add(vectors[row], shares, gradient);
    }
    return new Part(loss, gradient);
  }

  private void logits(float[] vector, double[] point, double[] logits) {
    System.arraycopy(point, dimensions * count, logits, 0, count);
    for (int dimension = 0; dimension < dimensions; dimension++) {
      double factor = vector[dimension];
      int begin = dimension * count;
      for (int label = 0; label < count; label++) {
        logits[label] += factor * point[begin + label];
      }
    }
  }

  /** Makes shares of logits; the answer is the loss. */
  private static double softmax(double[] values, int right) {
    double largest = Double.NEGATIVE_INFINITY;
    for (double value : values) {
      largest = Math.max(largest, value);
    }
    double own = values[right] - largest;
    double sum = 0;
    for (int label = 0; label < values.length; label++) {
      values[label] = Math.exp(values[label] - largest);
      sum += values[label];
    }
    for (int label = 0; label < values.length; label++) {
      values[label] /= sum;
    }
    return Math.log(sum) - own;
  }

  private void add(float[] vector, double[] errors, double[] gradient) {
    for (int dimension = 0; dimension < dimensions; dimension++) {
      double factor = vector[dimension];
      int begin = dimension * count;
      for (int label = 0; label < count; label++) {
        gradient[begin + label] += factor * errors[label];
      }
    }
    int begin = dimensions * count;
    for (int label = 0; label < count; label++) {
      gradient[begin + label] += errors[label];
    }
  }
}
