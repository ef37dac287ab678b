package io.onnxfleet.optimizer.head;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * How often a text of each label was given each label. Not thread-safe while it is counted.
 *
 * @param counts a row a true label, a column a given one
 */
@SuppressWarnings("ArrayRecordComponent") // counted in place
public record ConfusionMatrix(List<String> labels, int[][] counts) {
  /** Texts of a label that were given another. */
  public record Confusion(String label, String given, int texts) {}

  static ConfusionMatrix of(List<String> labels) {
    return new ConfusionMatrix(List.copyOf(labels), new int[labels.size()][labels.size()]);
  }

  void count(int label, int given) {
    counts[label][given]++;
  }

  /** All of them. */
  public int texts() {
    return Arrays.stream(counts).flatMapToInt(Arrays::stream).sum();
  }

  /** How many were given their label. */
  public int right() {
    int right = 0;
    for (int label = 0; label < counts.length; label++) {
      right += counts[label][label];
    }
    return right;
  }

  /** The share that was given its label; not a number if there is no text. */
  public double accuracy() {
    return (double) right() / texts();
  }

  /** The mean of the labels' F1, of those that have texts. */
  public double macroF1() {
    double sum = 0;
    int present = 0;
    for (int label = 0; label < counts.length; label++) {
      int own = Arrays.stream(counts[label]).sum();
      int given = 0;
      for (int[] row : counts) {
        given += row[label];
      }
      if (own > 0) {
        present++;
        sum += 2.0 * counts[label][label] / (own + given);
      }
    }
    return sum / present;
  }

  /** The share of the label that most texts have: what always naming that would reach. */
  public double commonest() {
    return (double) Arrays.stream(counts).mapToInt(row -> Arrays.stream(row).sum()).max().orElse(0)
        / texts();
  }

  /** What is confused most often, most first. */
  public List<Confusion> worst(int most) {
    List<Confusion> confusions = new ArrayList<>();
    for (int label = 0; label < counts.length; label++) {
      for (int given = 0; given < counts.length; given++) {
        if (given != label && counts[label][given] > 0) {
          confusions.add(new Confusion(labels.get(label), labels.get(given), counts[label][given]));
        }
      }
    }
    return confusions.stream()
        .sorted(Comparator.comparingInt(Confusion::texts).reversed())
        .limit(most)
        .toList();
  }
}
