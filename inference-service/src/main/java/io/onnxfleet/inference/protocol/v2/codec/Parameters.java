package io.onnxfleet.inference.protocol.v2.codec;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.inference.protocol.http.Json;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Consumer;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** Reads {@code parameters} objects: strings, numbers and booleans by name. */
final class Parameters {
  /** Triton keeps these names for itself; a caller who sends one expects an effect. */
  private static final String RESERVED_PREFIX = "triton_";

  private Parameters() {}

  /** Visits each parameter with the parser on its value. */
  static void forEach(JsonParser parser, String where, Consumer<String> visitor) {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw InferenceException.invalidInput(
          "%s: %s (expected an object)", where, InferRequestJson.describe(parser.currentToken()));
    }
    Set<String> seen = new HashSet<>();
    for (String name = parser.nextName(); name != null; name = parser.nextName()) {
      InferRequestJson.requireNew(seen, name, where);
      JsonToken value = parser.nextToken();
      if (name.startsWith(RESERVED_PREFIX)) {
        throw InferenceException.invalidInput(
            "parameter '%s' is reserved (expected names that do not begin with '%s')",
            Json.shortened(name), RESERVED_PREFIX);
      }
      if (value.isStructStart()) {
        throw InferenceException.invalidInput(
            "parameter '%s' is %s (expected a string, a number or a boolean)",
            Json.shortened(name), InferRequestJson.describe(value));
      }
      visitor.accept(name);
    }
  }

  /** The parser's current value as an integer of 0 or more. */
  static long nonNegative(JsonParser parser, String name) {
    if (parser.currentToken() == JsonToken.VALUE_NUMBER_INT
        && parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER
        && parser.getLongValue() >= 0) {
      return parser.getLongValue();
    }
    String value =
        parser.currentToken().isStructStart()
            ? InferRequestJson.describe(parser.currentToken())
            : Json.shortened(parser.getString());
    throw InferenceException.invalidInput("%s: %s (expected an integer >= 0)", name, value);
  }

  static boolean bool(JsonParser parser, String name) {
    return switch (parser.currentToken()) {
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      default ->
          throw InferenceException.invalidInput(
              "%s: %s (expected true or false)", name, Json.shortened(parser.getString()));
    };
  }
}
