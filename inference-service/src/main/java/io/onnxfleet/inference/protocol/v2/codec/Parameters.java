package io.onnxfleet.inference.protocol.v2.codec;

import io.onnxfleet.contract.json.JsonScanner;
import io.onnxfleet.contract.json.JsonToken;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.inference.protocol.http.Json;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** Reads {@code parameters} objects: strings, numbers and booleans by name. */
final class Parameters {
  /** Triton keeps these names for itself; a caller who sends one expects an effect. */
  private static final String RESERVED_PREFIX = "triton_";

  private Parameters() {}

  /** Visits each parameter that is known with the scanner on its value, and passes over others. */
  static void forEach(
      JsonScanner json, String where, Predicate<String> known, Consumer<String> visitor)
      throws IOException {
    if (json.currentToken() != JsonToken.START_OBJECT) {
      throw InferenceException.invalidInput(
          "%s: %s (expected an object)", where, InferRequestJson.describe(json.currentToken()));
    }
    Set<String> seen = new HashSet<>();
    for (String name = json.nextName(); name != null; name = json.nextName()) {
      if (name.startsWith(RESERVED_PREFIX)) {
        throw InferenceException.invalidInput(
            "parameter '%s' is reserved (expected names that do not begin with '%s')",
            Json.shortened(name), RESERVED_PREFIX);
      }
      if (!known.test(name)) {
        json.skipValue();
        continue;
      }
      InferRequestJson.requireNew(seen, name, where);
      JsonToken value = json.nextToken();
      if (value.isStructStart()) {
        throw InferenceException.invalidInput(
            "parameter '%s' is %s (expected a string, a number or a boolean)",
            Json.shortened(name), InferRequestJson.describe(value));
      }
      visitor.accept(name);
    }
  }

  /** The current value as an integer of 0 or more. */
  static long nonNegative(JsonScanner json, String name) {
    if (json.isLong() && json.longValue() >= 0) {
      return json.longValue();
    }
    String value =
        json.currentToken().isStructStart()
            ? InferRequestJson.describe(json.currentToken())
            : Json.shortened(json.string());
    throw InferenceException.invalidInput("%s: %s (expected an integer >= 0)", name, value);
  }

  static boolean bool(JsonScanner json, String name) {
    return switch (json.currentToken()) {
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      default ->
          throw InferenceException.invalidInput(
              "%s: %s (expected true or false)", name, Json.shortened(json.string()));
    };
  }
}
