package io.onnxfleet.inference.protocol.openai.embeddings;

import io.onnxfleet.engine.text.TextOptions;
import io.onnxfleet.engine.text.tokenization.TextInput;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The body of an embeddings request.
 *
 * @param model null for the default one
 * @param input at least one text, none of them empty
 * @param dimensions that vectors are cut to, 0 to leave them whole
 * @param promptName of the model's prompt, or null
 * @param purpose what the texts are for, or null
 * @param normalize whether vectors have length 1, or null for the model's way
 * @param overlong what becomes of a text that is too long for one window
 * @param priority a level of the model's in which the texts wait, or 0 for none
 * @param ignored names in the body that changed nothing
 */
record EmbeddingsRequest(
    @Nullable String model,
    List<TextInput> input,
    EncodingFormat encodingFormat,
    int dimensions,
    @Nullable String promptName,
    @Nullable Purpose purpose,
    @Nullable Boolean normalize,
    TextOptions.Overlong overlong,
    int priority,
    List<String> ignored) {

  EmbeddingsRequest {
    input = List.copyOf(input);
    ignored = List.copyOf(ignored);
  }

  /** True if a text that is too long for one window is refused. */
  boolean wholeOnly() {
    return overlong == TextOptions.Overlong.REFUSED;
  }

  /** What texts are for, and the argument that said so. */
  record Purpose(String argument, String value) {}
}
