package io.onnxfleet.inference.protocol.v2.codec;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.inference.protocol.http.Json;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * A tensor's {@code data} that came before its shape or datatype was known, kept as JSON text:
 * numbers digit by digit, nothing parsed. About as long as it was in the body, whose bound is its
 * bound.
 */
final class JsonReplay {
  private final ByteSink text;

  private JsonReplay(ByteSink text) {
    this.text = text;
  }

  /** Keeps the parser's current value, which is consumed. */
  static JsonReplay capture(JsonParser parser) {
    ByteSink text = new ByteSink();
    try (JsonGenerator generator = Json.generator(text)) {
      int depth = 0;
      JsonToken token = parser.currentToken();
      do {
        switch (token) {
          case START_ARRAY -> {
            generator.writeStartArray();
            depth++;
          }
          case END_ARRAY -> {
            generator.writeEndArray();
            depth--;
          }
          default -> copyScalar(parser, token, generator);
        }
      } while (depth > 0 && (token = parser.nextToken()) != null);
    }
    return new JsonReplay(text);
  }

  private static void copyScalar(JsonParser parser, JsonToken token, JsonGenerator generator) {
    switch (token) {
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT ->
          generator.writeNumber(
              parser.getStringCharacters(), parser.getStringOffset(), parser.getStringLength());
      case VALUE_STRING ->
          generator.writeString(
              parser.getStringCharacters(), parser.getStringOffset(), parser.getStringLength());
      case VALUE_TRUE, VALUE_FALSE -> generator.writeBoolean(token == JsonToken.VALUE_TRUE);
      case START_OBJECT ->
          throw InferenceException.invalidInput(
              "an object in 'data' (expected numbers, strings or booleans)");
      default -> generator.writeNull();
    }
  }

  /** The tensor that the kept value is, as {@link JsonElements#read}. */
  Tensor read(BufferPool pool, DataType type, Shape shape) {
    try (JsonParser parser = Json.parser(text.array(), text.size())) {
      parser.nextToken();
      return JsonElements.read(parser, pool, type, shape);
    }
  }
}
