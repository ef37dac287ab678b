package io.onnxfleet.inference.protocol.openai.tokens;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.text.TextEmbedder;
import io.onnxfleet.inference.protocol.openai.task.ArgumentValue;
import io.onnxfleet.inference.protocol.openai.task.BodyArguments;
import io.onnxfleet.inference.protocol.openai.task.TaskArguments;
import io.onnxfleet.inference.protocol.openai.task.TaskRequest;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * The body of a detokenize request.
 *
 * @param tokens of at least one text
 * @param skipsSpecial true if special tokens are left out
 */
record DetokenizeRequest(TaskRequest shared, List<long[]> tokens, boolean skipsSpecial) {
  private static final TaskArguments<Reader> ARGUMENTS =
      TaskArguments.<Reader>none()
          .with("tokens", (reader, value) -> reader.tokens = reader.readTokens(value))
          .with("skip_special_tokens", (reader, value) -> reader.skipsSpecial = value.flag());

  DetokenizeRequest {
    tokens = List.copyOf(tokens);
  }

  static TaskArguments<?> arguments() {
    return ARGUMENTS;
  }

  static DetokenizeRequest read(InputStream body) throws IOException {
    Reader reader = new Reader();
    TaskRequest shared = ARGUMENTS.read(body, reader);
    if (reader.tokens == null) {
      throw BodyArguments.absent("tokens", "an array of token ids, or an array of those");
    }
    return new DetokenizeRequest(shared, reader.tokens, reader.skipsSpecial);
  }

  private static final class Reader {
    private @Nullable List<long[]> tokens;
    private boolean skipsSpecial = true;

    /** Of all texts; what no call may have is not held. */
    private int left = TextEmbedder.DEFAULT_MAX_TOKENS;

    /**
     * Of one text, or of several: the first element says it. A few bytes of a body are a token, so
     * each is held as a number and nothing else.
     */
    private List<long[]> readTokens(ArgumentValue value) {
      JsonParser parser = value.parser();
      if (parser.currentToken() != JsonToken.START_ARRAY) {
        throw value.wrong("an array of token ids");
      }
      return switch (parser.nextToken()) {
        case END_ARRAY ->
            throw InferenceException.invalidInput(
                "tokens: an empty array (expected: 1 to %d token ids)",
                TextEmbedder.DEFAULT_MAX_TOKENS);
        case START_ARRAY -> readTexts(value);
        case null, default -> List.of(readIds(value));
      };
    }

    private List<long[]> readTexts(ArgumentValue value) {
      JsonParser parser = value.parser();
      List<long[]> texts = new ArrayList<>();
      for (; parser.currentToken() != JsonToken.END_ARRAY; parser.nextToken()) {
        if (parser.currentToken() != JsonToken.START_ARRAY) {
          throw mixed();
        }
        if (texts.size() == TaskRequest.MOST_TEXTS) {
          throw InferenceException.invalidInput(
              "tokens: more than %d texts (expected: <= %d)",
              TaskRequest.MOST_TEXTS, TaskRequest.MOST_TEXTS);
        }
        long[] ids = value.at(texts.size()).ids(left);
        left -= ids.length;
        texts.add(ids);
      }
      return texts;
    }

    /** Of one text, at whose first id the parser stands. */
    private long[] readIds(ArgumentValue value) {
      JsonParser parser = value.parser();
      long[] ids = new long[64];
      int count = 0;
      for (; parser.currentToken() != JsonToken.END_ARRAY; parser.nextToken()) {
        if (parser.currentToken() == JsonToken.START_ARRAY) {
          throw mixed();
        }
        if (count == left) {
          throw ArgumentValue.tooManyTokens(value.place());
        }
        boolean isId =
            parser.currentToken() == JsonToken.VALUE_NUMBER_INT
                && parser.getNumberType() == JsonParser.NumberType.INT;
        ids = count == ids.length ? Arrays.copyOf(ids, count * 2) : ids;
        // What is none is refused by its place.
        ids[count] = isId ? parser.getIntValue() : value.at(count).wholeNumber(Integer.MIN_VALUE);
        count++;
      }
      return Arrays.copyOf(ids, count);
    }

    private static InferenceException mixed() {
      return InferenceException.invalidInput(
          "tokens: numbers and arrays (expected an array of token ids, or an array of those)");
    }
  }
}
