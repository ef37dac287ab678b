package io.onnxfleet.engine.text.similarity;

import java.util.List;

/**
 * How alike a text is to each of others.
 *
 * @param scores in the order of the others, finite: the larger, the more
 * @param tokens of all texts
 * @param windows that each text was cut into, the one first
 */
public record Similarities(List<Double> scores, long tokens, List<Integer> windows) {
  public Similarities {
    scores = List.copyOf(scores);
    windows = List.copyOf(windows);
  }
}
