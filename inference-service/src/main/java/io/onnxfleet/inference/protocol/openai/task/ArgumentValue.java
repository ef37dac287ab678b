package io.onnxfleet.inference.protocol.openai.task;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.text.TextEmbedder;
import io.onnxfleet.inference.protocol.http.Json;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * The value of an argument, at which the parser stands. Each reading refuses what is of another
 * type by the argument's name. Not thread-safe, read once.
 */
public final class ArgumentValue {
  /** Characters of a string that is no text: a name goes into messages, headers and logs. */
  static final int LONGEST_NAME = 1024;

  private final String place;
  private final JsonParser parser;

  ArgumentValue(String place, JsonParser parser) {
    this.place = place;
    this.parser = parser;
  }

  /** The parser itself, for values of a shape of their own. */
  public JsonParser parser() {
    return parser;
  }

  /** Passes over the value. */
  void skip() {
    parser.skipChildren();
  }

  /** A short string that is no text. */
  public String name() {
    String value = text();
    if (value.length() > LONGEST_NAME) {
      throw InferenceException.invalidInput(
          "%s: %d characters (expected: <= %d)", place, value.length(), LONGEST_NAME);
    }
    return value;
  }

  /** A text of any length. */
  public String text() {
    if (parser.currentToken() != JsonToken.VALUE_STRING) {
      throw wrong("a string");
    }
    return parser.getString();
  }

  /** A text of at least one character. */
  public String filledText() {
    String text = text();
    if (text.isEmpty()) {
      throw InferenceException.invalidInput(
          "%s: an empty string (expected at least one character)", place);
    }
    return text;
  }

  /** One of the values that have a name. */
  public <E> E chosen(Function<String, Optional<E>> reading, List<String> known) {
    String value = name();
    return reading
        .apply(value)
        .orElseThrow(
            () ->
                InferenceException.invalidInput(
                    "%s: '%s' (expected one of %s)", place, Json.shortened(value), known));
  }

  public boolean flag() {
    return switch (parser.currentToken()) {
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case null, default -> throw wrong("true or false");
    };
  }

  /** A number of at least that much. */
  public int wholeNumber(int least) {
    if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT) {
      throw wrong("a whole number");
    }
    if (parser.getNumberType() != JsonParser.NumberType.INT || parser.getIntValue() < least) {
      throw InferenceException.invalidInput(
          "%s: %s (expected: >= %d)", place, Json.shortened(parser.getString()), least);
    }
    return parser.getIntValue();
  }

  /** A filled text, or an array of at least one and at most so many. */
  public List<String> oneOrMore(int most) {
    return parser.currentToken() == JsonToken.VALUE_STRING
        ? List.of(filledText())
        : elements("texts", most, ArgumentValue::filledText);
  }

  /**
   * The elements of an array that has at least one.
   *
   * @param things what they are called
   * @param most of them
   */
  public <E> List<E> elements(String things, int most, Function<ArgumentValue, E> reading) {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      throw wrong("an array of " + things);
    }
    List<E> elements = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      if (elements.size() == most) {
        throw InferenceException.invalidInput(
            "%s: %d %s (expected: <= %d)", place, elements.size() + others(), things, most);
      }
      elements.add(reading.apply(at(elements.size())));
    }
    if (elements.isEmpty()) {
      throw InferenceException.invalidInput(
          "%s: an empty array (expected: 1 to %d %s)", place, most, things);
    }
    return elements;
  }

  /** The element of this array with that index, at which the parser stands. */
  public ArgumentValue at(int index) {
    return new ArgumentValue(place + '[' + index + ']', parser);
  }

  /** Counts what is left of an array, at one of whose elements the parser stands. */
  private int others() {
    int count = 0;
    while (parser.currentToken() != JsonToken.END_ARRAY) {
      parser.skipChildren();
      parser.nextToken();
      count++;
    }
    return count;
  }

  /** An array of token ids, of at most so many. */
  public long[] ids(int most) {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      throw wrong("an array of token ids");
    }
    long[] ids = new long[64];
    int count = 0;
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      if (count == most) {
        throw tooManyTokens(place);
      }
      if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT
          || parser.getNumberType() != JsonParser.NumberType.INT) {
        throw InferenceException.invalidInput(
            "%s: %s as token %d (expected a 32-bit whole number)",
            place, describe(parser.currentToken()), count);
      }
      ids = count == ids.length ? Arrays.copyOf(ids, count * 2) : ids;
      ids[count++] = parser.getIntValue();
    }
    return Arrays.copyOf(ids, count);
  }

  /** The refusal of more tokens than one call may have. */
  public static InferenceException tooManyTokens(String place) {
    return new InferenceException(
        ErrorCode.REQUEST_TOO_LARGE,
        "%s: more than %d tokens in all (expected: <= that)"
            .formatted(place, TextEmbedder.DEFAULT_MAX_TOKENS));
  }

  /** The refusal of a value of another type. */
  public InferenceException wrong(String expected) {
    return InferenceException.invalidInput(
        "%s: %s (expected %s)", place, describe(parser.currentToken()), expected);
  }

  /** Where the value stands, for messages. */
  public String place() {
    return place;
  }

  static String describe(@Nullable JsonToken token) {
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
