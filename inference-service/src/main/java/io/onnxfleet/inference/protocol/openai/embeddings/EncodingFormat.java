package io.onnxfleet.inference.protocol.openai.embeddings;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.inference.protocol.http.Json;
import java.util.Locale;

/** How a vector is written. */
enum EncodingFormat {
  /** As a JSON array of numbers. */
  FLOAT,
  /** As the base64 form of little-endian 32-bit floats, which is a third of the size. */
  BASE64,
  /** As the indices and values of what is not 0, of a model that makes such vectors. */
  SPARSE,
  /** As one array of numbers for each token. */
  TOKENS;

  /** Its name in requests. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  static EncodingFormat parse(String name) {
    for (EncodingFormat format : values()) {
      if (format.label().equals(name)) {
        return format;
      }
    }
    throw InferenceException.invalidInput(
        "%s: '%s' (expected 'float', 'base64', 'sparse' or 'tokens')",
        EmbeddingsArgument.ENCODING_FORMAT, Json.shortened(name));
  }
}
