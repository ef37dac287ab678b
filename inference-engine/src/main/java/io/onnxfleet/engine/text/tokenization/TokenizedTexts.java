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
   * @param windows none if there is no token, special ones included
   * @param promptTokens at the start of its first row that the pooling leaves out
   * @param frame what stands around each of its windows
   * @param places where its tokens stand; none unless that was asked for
   */
  @SuppressWarnings("ArrayRecordComponent") // inside the engine, and never written
  public record Text(
      long[] tokens,
      List<TextWindow> windows,
      int promptTokens,
      SpecialTokens frame,
      TokenPlaces places) {

    /**
     * The first token that a window answers for: half of what it shares with the one before is that
     * one's, so that each token is answered for by the window that shows more around it.
     */
    public int firstOwn(TextWindow window) {
      int shared = window.length() - window.newTokens();
      return window.from() + shared - shared / 2;
    }

    /** One behind the last token that a window answers for. */
    public int lastOwn(TextWindow window) {
      int next = windows.indexOf(window) + 1;
      return next == windows.size() ? window.to() : firstOwn(windows.get(next));
    }
  }
}
