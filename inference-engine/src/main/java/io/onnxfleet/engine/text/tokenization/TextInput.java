package io.onnxfleet.engine.text.tokenization;

/** One text for a model, as characters or already as tokens. */
public sealed interface TextInput {
  /** What a client calls the text that others are ranked by, for messages. */
  String QUERY = "query";

  /** Characters, of any length. */
  record Characters(String text) implements TextInput {}

  /** The same behind a prompt of its own, in the place of the call's. */
  record Prompted(String prompt, String text) implements TextInput {}

  /**
   * Two texts in one row, of which only the second may be cut into windows: the first stands in
   * each.
   *
   * @param isQuery true if the first may have no more than half of a window
   */
  record Pair(String first, String second, boolean isQuery) implements TextInput {}

  /**
   * Tokens of the model's own vocabulary, between the special ones that it puts around a text. A
   * model that accepts any takes them without these too.
   *
   * @param ids not copied, and not written any more
   */
  @SuppressWarnings("ArrayRecordComponent") // megabytes that would be copied for nothing
  record Tokens(int[] ids) implements TextInput {}
}
