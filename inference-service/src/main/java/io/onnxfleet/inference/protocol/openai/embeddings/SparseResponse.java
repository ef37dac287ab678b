package io.onnxfleet.inference.protocol.openai.embeddings;

import io.onnxfleet.engine.text.sparse.SparseVector;
import io.onnxfleet.engine.text.sparse.Weights;
import tools.jackson.core.JsonGenerator;

/**
 * The answer to an embeddings request for sparse vectors.
 *
 * @param model the name that the request meant
 */
record SparseResponse(String model, Weights weights) implements EmbeddingsAnswer {

  @Override
  public int texts() {
    return weights.vectors().size();
  }

  @Override
  public long tokens() {
    return weights.tokens();
  }

  @Override
  public void writeEmbedding(JsonGenerator json, int text) {
    SparseVector vector = weights.vectors().get(text);
    json.writeStartObject();
    json.writeArrayPropertyStart("indices");
    for (int index : vector.indices()) {
      json.writeNumber(index);
    }
    json.writeEndArray();
    json.writeArrayPropertyStart("values");
    for (float value : vector.values()) {
      json.writeNumber(value);
    }
    json.writeEndArray();
    json.writeEndObject();
  }
}
