package io.onnxfleet.inference.protocol.openai.embeddings;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.inference.protocol.http.Json;
import java.util.Locale;

/** How a vector is written. */
enum EncodingFormat {
  /** As a JSON array of numbers. */
  FLOAT,
  /** As the base64 form of little-endian 32-bit floats, which is a third of the size. */
  BASE64;

  static EncodingFormat parse(String name) {
    for (EncodingFormat format : values()) {
      if (format.name().toLowerCase(Locale.ROOT).equals(name)) {
        return format;
      }
    }
    throw InferenceException.invalidInput(
        "%s: '%s' (expected 'float' or 'base64')",
        EmbeddingsArgument.ENCODING_FORMAT, Json.shortened(name));
  }
}
