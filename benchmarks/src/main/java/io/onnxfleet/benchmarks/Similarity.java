package io.onnxfleet.benchmarks;

import java.util.List;

/** Cosine similarities of some vectors, each with each. Immutable. */
final class Similarity {
  private final double[][] cosines;

  /**
   * @throws IllegalArgumentException if the vectors' lengths differ
   */
  Similarity(List<float[]> vectors) {
    cosines = new double[vectors.size()][vectors.size()];
    for (int row = 0; row < cosines.length; row++) {
      for (int column = 0; column < cosines.length; column++) {
        cosines[row][column] = cosine(vectors.get(row), vectors.get(column));
      }
    }
  }

  double of(int row, int column) {
    return cosines[row][column];
  }

  private static double cosine(float[] left, float[] right) {
    if (left.length != right.length) {
      throw new IllegalArgumentException(
          "vectors of " + left.length + " and " + right.length + " elements (expected: equal)");
    }
    double dot = 0;
    double leftSquare = 0;
    double rightSquare = 0;
    for (int i = 0; i < left.length; i++) {
      dot += (double) left[i] * right[i];
      leftSquare += (double) left[i] * left[i];
      rightSquare += (double) right[i] * right[i];
    }
    double norms = Math.sqrt(leftSquare) * Math.sqrt(rightSquare);
    return norms == 0 ? 0 : dot / norms;
  }

  /** A square of numbers; row and column {@code i} are the {@code i}-th vector. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("    ");
    for (int column = 0; column < cosines.length; column++) {
      text.append("%7d".formatted(column + 1));
    }
    for (int row = 0; row < cosines.length; row++) {
      text.append(System.lineSeparator()).append("%4d".formatted(row + 1));
      for (double cosine : cosines[row]) {
        text.append("%7.3f".formatted(cosine));
      }
    }
    return text.toString();
  }
}
