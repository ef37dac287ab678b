package io.onnxfleet.engine.text;

import org.jspecify.annotations.Nullable;

/**
 * What one call asks for beside its texts.
 *
 * @param prompt what goes before each text; empty for nothing, null for the model's default
 * @param normalize whether vectors are to have length 1, or null for the model's own way
 * @param wholeOnly true if a text that does not fit into one window is refused
 * @param priority in which the texts wait, 1 (highest) to the model's number of levels; 0 for the
 *     model's default
 */
public record EmbeddingOptions(
    @Nullable String prompt, @Nullable Boolean normalize, boolean wholeOnly, int priority) {

  /** Everything as the model has it. */
  public static final EmbeddingOptions DEFAULT = new EmbeddingOptions(null, null, false, 0);

  /** What of it is the same for every task. */
  TextOptions ofTexts() {
    return new TextOptions(prompt, wholeOnly, priority);
  }
}
