package io.onnxfleet.inference.protocol.openai.embeddings;

import io.onnxfleet.engine.text.tokenvectors.TokenEmbeddings;
import tools.jackson.core.JsonGenerator;

/**
 * The answer to an embeddings request for one vector a token, written row by row.
 *
 * @param model the name that the request meant
 */
record TokensResponse(String model, TokenEmbeddings embeddings) implements EmbeddingsAnswer {

  @Override
  public int texts() {
    return embeddings.vectors().size();
  }

  @Override
  public long tokens() {
    return embeddings.tokens();
  }

  @Override
  public void writeEmbedding(JsonGenerator json, int text) {
    json.writeStartArray();
    for (float[] token : embeddings.vectors().get(text)) {
      json.writeStartArray();
      for (float value : token) {
        json.writeNumber(value);
      }
      json.writeEndArray();
    }
    json.writeEndArray();
  }
}
