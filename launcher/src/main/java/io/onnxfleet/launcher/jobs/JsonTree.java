package io.onnxfleet.launcher.jobs;

import io.onnxfleet.contract.json.JsonRefusal;
import io.onnxfleet.contract.json.JsonScanner;
import io.onnxfleet.contract.json.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A small piece of JSON as a whole. What is not there reads as nothing: no text, 0, no elements.
 *
 * @param value a map, a list, a text, a long; null for everything else
 */
record JsonTree(@Nullable Object value) {
  private static final JsonTree NOTHING = new JsonTree(null);

  /**
   * Reads it.
   *
   * @throws io.onnxfleet.contract.json.MalformedJsonException if it is none
   */
  static JsonTree read(byte[] json) throws IOException {
    JsonScanner scanner = new JsonScanner(json, json.length, JsonRefusal.MALFORMED);
    scanner.nextToken();
    return value(scanner);
  }

  private static JsonTree value(JsonScanner scanner) throws IOException {
    return switch (scanner.currentToken()) {
      case START_OBJECT -> {
        Map<String, JsonTree> fields = new HashMap<>();
        for (String name = scanner.nextName(); name != null; name = scanner.nextName()) {
          scanner.nextToken();
          fields.put(name, value(scanner));
        }
        yield new JsonTree(fields);
      }
      case START_ARRAY -> {
        List<JsonTree> elements = new ArrayList<>();
        while (scanner.nextToken() != JsonToken.END_ARRAY) {
          elements.add(value(scanner));
        }
        yield new JsonTree(elements);
      }
      case VALUE_STRING -> new JsonTree(scanner.string());
      case VALUE_NUMBER_INT -> scanner.isLong() ? new JsonTree(scanner.longValue()) : NOTHING;
      default -> NOTHING;
    };
  }

  JsonTree get(String name) {
    return value instanceof Map<?, ?> fields && fields.get(name) instanceof JsonTree field
        ? field
        : NOTHING;
  }

  @Nullable String text() {
    return value instanceof String text ? text : null;
  }

  String text(String otherwise) {
    return value instanceof String text ? text : otherwise;
  }

  long number() {
    return value instanceof Long number ? number : 0;
  }

  boolean isNothing() {
    return value == null;
  }

  List<JsonTree> elements() {
    List<JsonTree> elements = new ArrayList<>();
    if (value instanceof List<?> list) {
      list.forEach(each -> elements.add(each instanceof JsonTree tree ? tree : NOTHING));
    }
    return elements;
  }
}
