package io.onnxfleet.engine.textsettings;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** How alike two vectors are, by sentence-transformers' names: the larger, the more. */
public enum SimilarityFunction {
  COSINE,
  DOT,
  /** The distance, negative. */
  EUCLIDEAN,
  /** The sum of the distances in each dimension, negative. */
  MANHATTAN;

  /** Its name in files and parameters. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  static Optional<SimilarityFunction> of(String label) {
    return Arrays.stream(values()).filter(each -> each.label().equals(label)).findFirst();
  }

  static List<String> labels() {
    return Arrays.stream(values()).map(SimilarityFunction::label).toList();
  }

  /** Of vectors of one length, neither of them all zeros. */
  public double of(float[] one, float[] other) {
    double dot = 0;
    double ones = 0;
    double others = 0;
    double squares = 0;
    double distance = 0;
    for (int index = 0; index < one.length; index++) {
      double difference = (double) one[index] - other[index];
      dot += (double) one[index] * other[index];
      ones += (double) one[index] * one[index];
      others += (double) other[index] * other[index];
      squares += difference * difference;
      distance += Math.abs(difference);
    }
    return switch (this) {
      case COSINE -> dot / (Math.sqrt(ones) * Math.sqrt(others));
      case DOT -> dot;
      case EUCLIDEAN -> -Math.sqrt(squares);
      case MANHATTAN -> -distance;
    };
  }
}
