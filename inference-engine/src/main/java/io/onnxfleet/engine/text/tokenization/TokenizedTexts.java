package io.onnxfleet.engine.text.tokenization;

import java.util.List;

/**
 * The texts of one call, of which nothing is left to do but to run the model.
 *
 * @param texts in the call's order
 * @param tokens of all of them, each text with one set of special tokens
 */
public record TokenizedTexts(List<Text> texts, long tokens) {

  public TokenizedTexts {
    texts = List.copyOf(texts);
  }

  /** Windows of each text, in their order. */
  public List<Integer> windows() {
    return texts.stream().map(text -> text.windows().size()).toList();
  }

  /**
   * A text as it is sent.
   *
   * @param tokens without special ones
   * @param promptTokens at the start of its first row that the pooling leaves out
   */
  @SuppressWarnings("ArrayRecordComponent") // inside the engine, and never written
  public record Text(long[] tokens, List<TextWindow> windows, int promptTokens) {}
}
