package io.onnxfleet.inference.protocol.openai.embeddings;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.text.TextEmbedder;
import io.onnxfleet.engine.text.TextOptions;
import io.onnxfleet.engine.text.tokenization.TextInput;
import io.onnxfleet.inference.protocol.http.Json;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * Reads the body of one embeddings request in one pass, without a tree. What would make other
 * vectors than are served, is given twice or of another type than expected is refused by its name;
 * what is unknown is noted and ignored. Not thread-safe, used once.
 */
final class EmbeddingsRequestReader {
  /** Texts of one request. */
  static final int MAX_INPUTS = 2048;

  /** Names in one body. */
  static final int MAX_ARGUMENTS = 256;

  /** Characters of a string that is no text: a name goes into messages, headers and logs. */
  static final int LONGEST_VALUE = 1024;

  /** Strings that mean that no text may be cut; the latter is a query parameter's. */
  private static final Set<String> NO_TRUNCATION = Set.of("NONE", "FALSE");

  private static final String INPUT_FORMS =
      "(expected a string, an array of strings, an array of token ids, or an array of those)";

  private static final Map<String, Reading> READINGS = readings();

  private final Set<String> seen = new HashSet<>();
  private @Nullable String model;
  private @Nullable List<TextInput> input;
  private EncodingFormat encodingFormat = EncodingFormat.FLOAT;
  private int dimensions;
  private @Nullable String promptName;
  private EmbeddingsRequest.@Nullable Purpose purpose;
  private @Nullable Boolean normalize;
  private boolean wholeOnly;
  private TextOptions.Overlong overlong = TextOptions.Overlong.WINDOWS;
  private int priority;
  private final List<String> ignored = new ArrayList<>();

  /** Of all arrays of ids; what no call may have is not held. */
  private int tokens;

  private EmbeddingsRequestReader() {}

  /** Reads the value of an argument, at which the parser stands. */
  @FunctionalInterface
  private interface Reading {
    void read(EmbeddingsRequestReader reader, String name, JsonParser parser);
  }

  /** The arguments that are read. */
  static Set<String> taken() {
    return READINGS.keySet();
  }

  /**
   * The request.
   *
   * @throws InferenceException if the body is not one
   * @throws IOException if the body cannot be read
   */
  static EmbeddingsRequest read(InputStream body) throws IOException {
    try (JsonParser parser = Json.parser(body)) {
      return new EmbeddingsRequestReader().read(parser);
    } catch (JacksonException failure) {
      throw Json.refused(failure);
    }
  }

  private EmbeddingsRequest read(JsonParser parser) {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      throw InferenceException.invalidInput(
          "body: %s (expected a JSON object)", describe(parser.currentToken()));
    }
    for (String name = parser.nextName(); name != null; name = parser.nextName()) {
      if (!seen.add(name)) {
        throw InferenceException.invalidInput("%s: given twice", Json.shortened(name));
      }
      if (seen.size() > MAX_ARGUMENTS) {
        throw InferenceException.invalidInput(
            "body: more than %d arguments (expected: <= %d)", MAX_ARGUMENTS, MAX_ARGUMENTS);
      }
      readArgument(name, parser);
    }
    if (parser.nextToken() != null) {
      throw InferenceException.invalidInput(
          "body: %s behind the JSON object (expected nothing)", describe(parser.currentToken()));
    }
    if (input == null) {
      throw InferenceException.invalidInput("input: absent %s", INPUT_FORMS);
    }
    return new EmbeddingsRequest(
        model,
        input,
        encodingFormat,
        dimensions,
        promptName,
        purpose,
        normalize,
        wholeOnly ? TextOptions.Overlong.REFUSED : overlong,
        priority,
        ignored);
  }

  private void readArgument(String name, JsonParser parser) {
    JsonToken token = parser.nextToken();
    if (token == JsonToken.VALUE_NULL && !name.equals(EmbeddingsArgument.INPUT)) {
      // As if it were absent.
      return;
    }
    Reading reading = READINGS.get(name);
    if (reading != null) {
      reading.read(this, name, parser);
    } else if (EmbeddingsArgument.REFUSED.containsKey(name)) {
      requireHarmless(name, EmbeddingsArgument.REFUSED.getOrDefault(name, Set.of()), parser);
      ignored.add(name);
    } else {
      parser.skipChildren();
      ignored.add(name);
    }
  }

  private static Map<String, Reading> readings() {
    Map<String, Reading> readings = new HashMap<>();
    readings.put(
        EmbeddingsArgument.INPUT, (reader, _, parser) -> reader.input = reader.readInput(parser));
    readings.put(
        EmbeddingsArgument.MODEL, (reader, name, parser) -> reader.model = string(name, parser));
    readings.put(
        EmbeddingsArgument.ENCODING_FORMAT,
        (reader, name, parser) ->
            reader.encodingFormat = EncodingFormat.parse(string(name, parser)));
    readings.put(
        EmbeddingsArgument.PROMPT_NAME,
        (reader, name, parser) -> reader.promptName = string(name, parser));
    readings.put(
        EmbeddingsArgument.OVERLONG,
        (reader, name, parser) -> reader.overlong = overlong(string(name, parser)));
    readings.put(
        EmbeddingsArgument.PRIORITY,
        (reader, name, parser) -> reader.priority = wholeNumber(name, parser, 0));
    readings.put(EmbeddingsArgument.DIMENSIONS, EmbeddingsRequestReader::readDimensions);
    // What OpenAI's interface has not.
    EmbeddingsArgument.OTHER_DIMENSIONS.forEach(
        name -> readings.put(name, EmbeddingsRequestReader::readDimensions));
    EmbeddingsArgument.PURPOSES.forEach(
        name -> readings.put(name, EmbeddingsRequestReader::readPurpose));
    EmbeddingsArgument.NORMALIZE.forEach(
        name -> readings.put(name, EmbeddingsRequestReader::readNormalizing));
    EmbeddingsArgument.TRUNCATE.forEach(
        name -> readings.put(name, EmbeddingsRequestReader::readTruncation));
    return Map.copyOf(readings);
  }

  private void readNormalizing(String name, JsonParser parser) {
    boolean value = flag(name, parser);
    if (normalize != null && normalize != value) {
      throw InferenceException.invalidInput(
          "%s: %s (expected %s, as said before)", name, value, normalize);
    }
    normalize = value;
  }

  private static TextOptions.Overlong overlong(String value) {
    return TextOptions.Overlong.of(value)
        .orElseThrow(
            () ->
                InferenceException.invalidInput(
                    "%s: '%s' (expected one of %s)",
                    EmbeddingsArgument.OVERLONG,
                    Json.shortened(value),
                    TextOptions.Overlong.labels()));
  }

  private void readPurpose(String name, JsonParser parser) {
    String value = string(name, parser);
    if (purpose != null && !purpose.value().equals(value)) {
      throw InferenceException.invalidInput(
          "%s: '%s' (expected '%s', as %s says)",
          name, Json.shortened(value), Json.shortened(purpose.value()), purpose.argument());
    }
    purpose = new EmbeddingsRequest.Purpose(name, value);
  }

  /** Long texts are cut into windows whatever is asked for, unless they may not be cut at all. */
  private void readTruncation(String name, JsonParser parser) {
    boolean none =
        switch (parser.currentToken()) {
          case VALUE_FALSE -> true;
          case VALUE_TRUE -> false;
          case VALUE_STRING -> NO_TRUNCATION.contains(parser.getString().toUpperCase(Locale.ROOT));
          case null, default ->
              throw InferenceException.invalidInput(
                  "%s: %s (expected a string, true or false)",
                  name, describe(parser.currentToken()));
        };
    wholeOnly |= none;
    if (!none) {
      ignored.add(name);
    }
  }

  /** Passes over a value, or an array of values, that is as the answer will be anyway. */
  private static void requireHarmless(String name, Set<String> harmless, JsonParser parser) {
    boolean array = parser.currentToken() == JsonToken.START_ARRAY;
    if (array) {
      parser.nextToken();
    }
    while (parser.currentToken() != JsonToken.END_ARRAY) {
      boolean scalar = parser.currentToken().isScalarValue();
      String value = scalar ? parser.getString() : describe(parser.currentToken());
      if (!scalar || !harmless.contains(value.toLowerCase(Locale.ROOT))) {
        throw InferenceException.invalidInput(
            "%s: %s (expected %s: nothing else is served)",
            name,
            Json.shortened(value),
            harmless.isEmpty()
                ? "no such argument"
                : "one of " + harmless.stream().sorted().toList());
      }
      if (!array) {
        return;
      }
      parser.nextToken();
    }
  }

  private static boolean flag(String name, JsonParser parser) {
    return switch (parser.currentToken()) {
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case null, default ->
          throw InferenceException.invalidInput(
              "%s: %s (expected true or false)", name, describe(parser.currentToken()));
    };
  }

  private static String string(String name, JsonParser parser) {
    if (parser.currentToken() != JsonToken.VALUE_STRING) {
      throw InferenceException.invalidInput(
          "%s: %s (expected a string)", name, describe(parser.currentToken()));
    }
    String value = parser.getString();
    if (value.length() > LONGEST_VALUE) {
      throw InferenceException.invalidInput(
          "%s: %d characters (expected: <= %d)", name, value.length(), LONGEST_VALUE);
    }
    return value;
  }

  private static int wholeNumber(String name, JsonParser parser, int least) {
    if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT) {
      throw InferenceException.invalidInput(
          "%s: %s (expected a whole number)", name, describe(parser.currentToken()));
    }
    if (parser.getNumberType() != JsonParser.NumberType.INT || parser.getIntValue() < least) {
      throw InferenceException.invalidInput(
          "%s: %s (expected: >= %d)", name, Json.shortened(parser.getString()), least);
    }
    return parser.getIntValue();
  }

  private void readDimensions(String name, JsonParser parser) {
    int value = wholeNumber(name, parser, 1);
    if (dimensions != 0 && dimensions != value) {
      throw InferenceException.invalidInput(
          "%s: %d (expected %d, as said before)", name, value, dimensions);
    }
    dimensions = value;
  }

  private List<TextInput> readInput(JsonParser parser) {
    if (parser.currentToken() == JsonToken.VALUE_STRING) {
      return List.of(characters(parser, "input"));
    }
    requireToken(JsonToken.START_ARRAY, parser, "input");
    return switch (parser.nextToken()) {
      case END_ARRAY ->
          throw InferenceException.invalidInput("input: an empty array %s", INPUT_FORMS);
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> List.of(tokens(parser, "input"));
      case null, default -> readTexts(parser);
    };
  }

  /** The elements of an array, at whose first the parser stands. */
  private List<TextInput> readTexts(JsonParser parser) {
    boolean strings = parser.currentToken() == JsonToken.VALUE_STRING;
    List<TextInput> texts = new ArrayList<>();
    for (; parser.currentToken() != JsonToken.END_ARRAY; parser.nextToken()) {
      String place = "input[" + texts.size() + "]";
      if (texts.size() == MAX_INPUTS) {
        throw InferenceException.invalidInput(
            "input: more than %d texts (expected: <= %d)", MAX_INPUTS, MAX_INPUTS);
      }
      if (strings) {
        requireToken(JsonToken.VALUE_STRING, parser, place);
        texts.add(characters(parser, place));
      } else {
        requireToken(JsonToken.START_ARRAY, parser, place);
        parser.nextToken();
        texts.add(tokens(parser, place));
      }
    }
    return texts;
  }

  private static TextInput characters(JsonParser parser, String place) {
    String text = parser.getString();
    if (text.isEmpty()) {
      throw InferenceException.invalidInput(
          "%s: an empty string (expected at least one character)", place);
    }
    return new TextInput.Characters(text);
  }

  /** The rest of an array of token ids, at whose first the parser stands. */
  private TextInput tokens(JsonParser parser, String place) {
    int[] ids = new int[64];
    int count = 0;
    for (; parser.currentToken() != JsonToken.END_ARRAY; parser.nextToken()) {
      if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT
          || parser.getNumberType() != JsonParser.NumberType.INT) {
        throw InferenceException.invalidInput(
            "%s: %s as token %d (expected a 32-bit whole number)",
            place, describe(parser.currentToken()), count);
      }
      if (++tokens > TextEmbedder.DEFAULT_MAX_TOKENS) {
        throw new InferenceException(
            ErrorCode.REQUEST_TOO_LARGE,
            "%s: %d tokens or more in all (expected: <= %d)"
                .formatted(place, tokens, TextEmbedder.DEFAULT_MAX_TOKENS));
      }
      if (count == ids.length) {
        ids = Arrays.copyOf(ids, count * 2);
      }
      ids[count++] = parser.getIntValue();
    }
    if (count == 0) {
      throw InferenceException.invalidInput(
          "%s: an empty array (expected at least one token id)", place);
    }
    return new TextInput.Tokens(Arrays.copyOf(ids, count));
  }

  private static void requireToken(JsonToken expected, JsonParser parser, String place) {
    if (parser.currentToken() != expected) {
      throw InferenceException.invalidInput(
          "%s: %s %s", place, describe(parser.currentToken()), INPUT_FORMS);
    }
  }

  private static String describe(@Nullable JsonToken token) {
    return switch (token) {
      case null -> "nothing";
      case START_OBJECT -> "an object";
      case START_ARRAY -> "an array";
      case VALUE_STRING -> "a string";
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "a number";
      case VALUE_TRUE, VALUE_FALSE -> "a boolean";
      case VALUE_NULL -> "null";
      default -> token.name();
    };
  }
}
