package io.onnxfleet.engine.textsettings;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.file.TextFile;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A small JSON file beside a model, of at most {@value #MOST_BYTES} bytes. A value of another type
 * than is asked for is refused by file and key; {@code null} counts as absent, and a byte-order
 * mark at the start is skipped.
 */
final class SideJson {
  static final int MOST_BYTES = 16 << 20;

  private final String file;
  private final JsonElement root;

  private SideJson(String file, JsonElement root) {
    this.file = file;
    this.root = root;
  }

  /** Reads a file, which is an object. */
  static SideJson object(SideFiles files, Path path) {
    SideJson json = read(files, path);
    if (!json.root.isJsonObject()) {
      throw json.wrong("the file", describe(json.root), "a JSON object");
    }
    return json;
  }

  /** Reads a file, which is an array of objects. */
  static List<SideJson> objects(SideFiles files, Path path) {
    SideJson json = read(files, path);
    if (!json.root.isJsonArray()) {
      throw json.wrong("the file", describe(json.root), "a JSON array");
    }
    List<SideJson> elements = new ArrayList<>();
    JsonArray array = json.root.getAsJsonArray();
    for (int index = 0; index < array.size(); index++) {
      String place = "%s[%d]".formatted(json.file, index);
      if (!array.get(index).isJsonObject()) {
        throw json.wrong("element " + index, describe(array.get(index)), "a JSON object");
      }
      elements.add(new SideJson(place, array.get(index)));
    }
    return elements;
  }

  private static SideJson read(SideFiles files, Path path) {
    String name = files.describe(path);
    files.requireFetched(path);
    try {
      String text = TextFile.text(files.read(path, MOST_BYTES));
      return new SideJson(name, JsonParser.parseString(text));
    } catch (IOException unreadable) {
      throw refused("%s: %s (expected JSON)".formatted(name, unreadable.getMessage()));
    } catch (JsonParseException | StackOverflowError malformed) {
      throw refused(
          "%s: %s (expected JSON)".formatted(name, String.valueOf(malformed.getMessage())));
    }
  }

  /** How messages call it. */
  String file() {
    return file;
  }

  boolean has(String key) {
    JsonElement value = fields().get(key);
    return value != null && !value.isJsonNull();
  }

  Optional<String> string(String key) {
    return value(key)
        .map(
            value -> {
              if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isString()) {
                throw wrong(key, describe(value), "a string");
              }
              return value.getAsString();
            });
  }

  Optional<Boolean> flag(String key) {
    return value(key)
        .map(
            value -> {
              if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isBoolean()) {
                throw wrong(key, describe(value), "true or false");
              }
              return value.getAsBoolean();
            });
  }

  /** A whole number; empty if it is beyond 31 bits, as some libraries write "without bound". */
  Optional<Integer> wholeNumber(String key) {
    return value(key)
        .flatMap(
            value -> {
              if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isNumber()) {
                throw wrong(key, describe(value), "a whole number");
              }
              BigDecimal number;
              try {
                number = new BigDecimal(value.getAsString());
              } catch (NumberFormatException notFinite) {
                return Optional.empty();
              }
              if (number.abs().compareTo(BigDecimal.valueOf(Integer.MAX_VALUE)) > 0) {
                return Optional.empty();
              }
              if (number.stripTrailingZeros().scale() > 0) {
                throw wrong(key, value.getAsString(), "a whole number");
              }
              return Optional.of(number.intValue());
            });
  }

  /** A string, or the strings of an array. */
  List<String> strings(String key) {
    JsonElement value = fields().get(key);
    if (value == null || value.isJsonNull()) {
      return List.of();
    }
    if (!value.isJsonArray()) {
      return string(key).stream().toList();
    }
    List<String> strings = new ArrayList<>();
    for (JsonElement element : value.getAsJsonArray()) {
      if (!element.isJsonPrimitive() || !element.getAsJsonPrimitive().isString()) {
        throw wrong(key, describe(element), "strings");
      }
      strings.add(element.getAsString());
    }
    return strings;
  }

  /** The strings of an object, in its order; those that are null are left out. */
  Map<String, String> stringsByName(String key) {
    JsonElement value = fields().get(key);
    Map<String, String> strings = new LinkedHashMap<>();
    if (value == null || value.isJsonNull()) {
      return strings;
    }
    if (!value.isJsonObject()) {
      throw wrong(key, describe(value), "an object of strings");
    }
    SideJson inner = new SideJson(file + ", " + key, value);
    for (String name : value.getAsJsonObject().keySet()) {
      inner.string(name).ifPresent(text -> strings.put(name, text));
    }
    return strings;
  }

  /** The strings, numbers and booleans of an object as text, in its order. */
  Map<String, String> textsByName(String key) {
    Map<String, String> texts = new LinkedHashMap<>();
    value(key)
        .filter(JsonElement::isJsonObject)
        .ifPresent(
            object ->
                object
                    .getAsJsonObject()
                    .entrySet()
                    .forEach(
                        entry -> {
                          if (entry.getValue().isJsonPrimitive()) {
                            texts.put(entry.getKey(), entry.getValue().getAsString());
                          }
                        }));
    return texts;
  }

  /** Its own keys. */
  List<String> keys() {
    return List.copyOf(fields().keySet());
  }

  InferenceException wrong(String key, String value, String expected) {
    return refused("%s, %s: %s (expected %s)".formatted(file, key, value, expected));
  }

  private Optional<JsonElement> value(String key) {
    return Optional.ofNullable(fields().get(key)).filter(value -> !value.isJsonNull());
  }

  private JsonObject fields() {
    return root.getAsJsonObject();
  }

  private static String describe(JsonElement value) {
    if (value.isJsonObject()) {
      return "an object";
    }
    if (value.isJsonArray()) {
      return "an array";
    }
    String text = value.toString();
    return text.length() <= 60 ? text : text.substring(0, 60) + "...";
  }

  private static InferenceException refused(String message) {
    return new InferenceException(ErrorCode.MODEL_LOAD_FAILED, message);
  }
}
