package io.onnxfleet.inference.protocol.openai.embeddings;

import io.onnxfleet.inference.protocol.http.Json;
import java.io.OutputStream;
import tools.jackson.core.JsonGenerator;

/** An answer with something for each text, which writes itself in one pass. */
sealed interface EmbeddingsAnswer permits EmbeddingsResponse, SparseResponse, TokensResponse {
  /** The name that the request meant. */
  String model();

  /** How many texts were asked for. */
  int texts();

  /** Tokens of all texts. */
  long tokens();

  /** Writes the value of a text's {@code embedding}. */
  void writeEmbedding(JsonGenerator json, int text);

  /** Writes JSON; neither flushes nor closes the stream. */
  default void writeTo(OutputStream target) {
    try (JsonGenerator json = Json.generator(target)) {
      json.writeStartObject();
      json.writeStringProperty("object", "list");
      json.writeArrayPropertyStart("data");
      for (int text = 0; text < texts(); text++) {
        json.writeStartObject();
        json.writeStringProperty("object", "embedding");
        json.writeNumberProperty("index", text);
        json.writeName("embedding");
        writeEmbedding(json, text);
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeStringProperty("model", model());
      json.writeObjectPropertyStart("usage");
      json.writeNumberProperty("prompt_tokens", tokens());
      json.writeNumberProperty("total_tokens", tokens());
      json.writeEndObject();
      json.writeEndObject();
    }
  }
}
