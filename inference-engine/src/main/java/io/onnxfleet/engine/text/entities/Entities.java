package io.onnxfleet.engine.text.entities;

import java.util.List;

/**
 * The entities of each text.
 *
 * @param ofTexts in the texts' order, each in the order of the text
 * @param tokens of all texts
 * @param windows that each text was cut into, in their order
 */
public record Entities(List<List<Entity>> ofTexts, long tokens, List<Integer> windows) {
  public Entities {
    ofTexts = List.copyOf(ofTexts);
    windows = List.copyOf(windows);
  }

  /**
   * One entity, or one token of one.
   *
   * @param label what it is
   * @param score 0 to 1
   * @param start its first code point
   * @param end one behind its last
   */
  public record Entity(String label, double score, int start, int end) {}
}
