package io.onnxfleet.inference.protocol.openai.embeddings;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.text.Embeddings;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import tools.jackson.core.JsonGenerator;

/**
 * The answer to an embeddings request.
 *
 * @param model the name that the request meant
 * @param vectors in the order of the texts
 */
record EmbeddingsResponse(
    String model, List<float[]> vectors, long tokens, EncodingFormat encodingFormat)
    implements EmbeddingsAnswer {

  EmbeddingsResponse {
    vectors = List.copyOf(vectors);
  }

  /**
   * What was asked for, of what the model answered.
   *
   * @throws InferenceException if more dimensions were asked for than there are
   */
  static EmbeddingsResponse of(String model, EmbeddingsRequest request, Embeddings embeddings) {
    List<float[]> vectors = embeddings.vectors();
    if (request.dimensions() > 0) {
      vectors = new ArrayList<>(vectors.size());
      for (float[] vector : embeddings.vectors()) {
        vectors.add(shortened(vector, request.dimensions(), embeddings.normalized()));
      }
    }
    return new EmbeddingsResponse(model, vectors, embeddings.tokens(), request.encodingFormat());
  }

  /** The first dimensions, at length 1 again if they were. */
  private static float[] shortened(float[] vector, int dimensions, boolean normalized) {
    requireDimensions(dimensions, vector.length);
    float[] cut = Arrays.copyOf(vector, dimensions);
    double squares = 0;
    for (float value : cut) {
      squares += (double) value * value;
    }
    if (squares == 0) {
      throw new InferenceException(
          ErrorCode.EXECUTION_FAILED,
          "the first %d numbers of a vector are zeros, which compare with nothing"
              .formatted(dimensions));
    }
    if (normalized) {
      double scale = 1 / Math.sqrt(squares);
      for (int index = 0; index < dimensions; index++) {
        cut[index] = (float) (cut[index] * scale);
      }
    }
    return cut;
  }

  static void requireDimensions(int asked, int available) {
    if (asked > available) {
      throw InferenceException.invalidInput("dimensions: %d (expected: 1 to %d)", asked, available);
    }
  }

  @Override
  public int texts() {
    return vectors.size();
  }

  @Override
  public void writeEmbedding(JsonGenerator json, int text) {
    float[] vector = vectors.get(text);
    switch (encodingFormat) {
      case FLOAT -> {
        json.writeStartArray();
        for (float value : vector) {
          json.writeNumber(value);
        }
        json.writeEndArray();
      }
      case BASE64 -> {
        ByteBuffer bytes =
            ByteBuffer.allocate(vector.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(vector);
        json.writeBinary(bytes.array());
      }
      case SPARSE, TOKENS ->
          throw new IllegalStateException(encodingFormat + " is no form of one vector a text");
    }
  }
}
