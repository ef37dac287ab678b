package io.onnxfleet.optimizer.distil;

import io.onnxfleet.optimizer.OptimizerException;
import java.util.stream.IntStream;

/**
 * Whether two encoders find the same texts alike: Spearman's rank correlation of the cosines of all
 * pairs of texts. Their vectors may lie in different spaces.
 */
public final class SimilarityAgreement {
  private SimilarityAgreement() {}

  /** From -1 to 1; of the same texts in the same order, at least three. */
  public static double between(float[][] one, float[][] other) {
    if (one.length != other.length || one.length < 3) {
      throw new OptimizerException(
          "%d and %d texts (expected: as many, at least 3)".formatted(one.length, other.length));
    }
    return correlation(ranks(cosines(one)), ranks(cosines(other)));
  }

  private static double[] cosines(float[][] vectors) {
    double[] cosines = new double[vectors.length * (vectors.length - 1) / 2];
    double[] norms = new double[vectors.length];
    for (int index = 0; index < vectors.length; index++) {
      norms[index] = Math.sqrt(product(vectors[index], vectors[index]));
    }
    int place = 0;
    for (int i = 0; i < vectors.length; i++) {
      for (int j = 0; j < i; j++) {
        double norm = norms[i] * norms[j];
        cosines[place++] = norm == 0 ? 0 : product(vectors[i], vectors[j]) / norm;
      }
    }
    return cosines;
  }

  private static double product(float[] one, float[] other) {
    double sum = 0;
    for (int index = 0; index < one.length; index++) {
      sum += (double) one[index] * other[index];
    }
    return sum;
  }

  /** Equal values share the mean of their ranks. */
  static double[] ranks(double[] values) {
    int[] order =
        IntStream.range(0, values.length)
            .boxed()
            .sorted((a, b) -> Double.compare(values[a], values[b]))
            .mapToInt(Integer::intValue)
            .toArray();
    double[] ranks = new double[values.length];
    for (int from = 0; from < order.length; ) {
      int to = from + 1;
      while (to < order.length && values[order[to]] == values[order[from]]) {
        to++;
      }
      for (int index = from; index < to; index++) {
        ranks[order[index]] = (from + to - 1) / 2.0;
      }
      from = to;
    }
    return ranks;
  }

  private static double correlation(double[] one, double[] other) {
    double mean = (one.length - 1) / 2.0;
    double products = 0;
    double squaresOne = 0;
    double squaresOther = 0;
    for (int index = 0; index < one.length; index++) {
      double a = one[index] - mean;
      double b = other[index] - mean;
      products += a * b;
      squaresOne += a * a;
      squaresOther += b * b;
    }
    double norm = Math.sqrt(squaresOne * squaresOther);
    return norm == 0 ? 0 : products / norm;
  }
}
