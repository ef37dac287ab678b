package io.onnxfleet.inference.protocol.openai;

import io.onnxfleet.engine.text.TextInput;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The body of an embeddings request.
 *
 * @param model null for the default one
 * @param input at least one text, none of them empty
 * @param dimensions that vectors are cut to, 0 to leave them whole
 */
record EmbeddingsRequest(
    @Nullable String model, List<TextInput> input, EncodingFormat encodingFormat, int dimensions) {

  EmbeddingsRequest {
    input = List.copyOf(input);
  }
}
