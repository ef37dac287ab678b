package io.onnxfleet.engine.text;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.text.tokenization.TextInput;
import io.onnxfleet.engine.textsettings.ModelTask;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one call asks for beside its texts.
 *
 * @param prompt what goes before each text; empty for nothing, null for the model's default
 * @param normalize whether vectors are to have length 1, or null for the model's own way
 * @param overlong what becomes of a text that does not fit into one window
 * @param priority in which the texts wait, 1 (highest) to the model's number of levels; 0 for the
 *     model's default
 */
public record EmbeddingOptions(
    @Nullable String prompt,
    @Nullable Boolean normalize,
    TextOptions.Overlong overlong,
    int priority) {

  /** Everything as the model has it. */
  public static final EmbeddingOptions DEFAULT = new EmbeddingOptions(null, null, false, 0);

  /** The same where such a text is refused, or cut into windows. */
  public EmbeddingOptions(
      @Nullable String prompt, @Nullable Boolean normalize, boolean wholeOnly, int priority) {
    this(
        prompt,
        normalize,
        wholeOnly ? TextOptions.Overlong.REFUSED : TextOptions.Overlong.WINDOWS,
        priority);
  }

  /** What of it is the same for every task. */
  public TextOptions ofTexts() {
    return new TextOptions(prompt, overlong, Integer.MAX_VALUE, 0, false, priority);
  }

  /**
   * What is asked of a model.
   *
   * @throws InferenceException if it makes no vectors
   */
  public TextModels.Asked<Embeddings> asked(
      TextModels.Description described, List<TextInput> texts) {
    described.model().requireTask(ModelTask.EMBED);
    return new TextModels.Asked<>(texts, ofTexts(), new EmbeddingTask(normalize));
  }
}
