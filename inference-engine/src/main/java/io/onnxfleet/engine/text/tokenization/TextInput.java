package io.onnxfleet.engine.text.tokenization;

/** One text to embed, as characters or already as tokens. */
public sealed interface TextInput {

  /** Characters, of any length. */
  record Characters(String text) implements TextInput {}

  /**
   * Tokens of the model's own vocabulary, between the special ones that it puts around a text. A
   * model that accepts any takes them without these too.
   *
   * @param ids not copied, and not written any more
   */
  @SuppressWarnings("ArrayRecordComponent") // megabytes that would be copied for nothing
  record Tokens(int[] ids) implements TextInput {}
}
