package io.onnxfleet.inference.protocol.openai.classify;

import io.onnxfleet.engine.text.TextOptions;
import io.onnxfleet.engine.text.classify.WindowJoining;
import io.onnxfleet.engine.text.tokenization.TextInput;
import io.onnxfleet.inference.protocol.openai.task.ArgumentValue;
import io.onnxfleet.inference.protocol.openai.task.BodyArguments;
import io.onnxfleet.inference.protocol.openai.task.TaskArguments;
import io.onnxfleet.inference.protocol.openai.task.TaskRequest;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonToken;

/**
 * The body of a classify request.
 *
 * @param input at least one text or pair of texts, none of them empty
 * @param topK labels of each text that are wanted
 * @param raw true for logits instead of scores
 * @param joining of a long text's windows
 * @param overlong what becomes of a text that is too long for one window
 */
record ClassifyRequest(
    TaskRequest shared,
    List<TextInput> input,
    int topK,
    boolean raw,
    WindowJoining joining,
    TextOptions.Overlong overlong) {
  private static final TaskArguments<Reader> ARGUMENTS =
      TaskArguments.<Reader>none()
          .with("input", (reader, value) -> reader.input = Reader.readInput(value))
          .with(
              "overlong",
              (reader, value) ->
                  reader.overlong =
                      value.chosen(TextOptions.Overlong::of, TextOptions.Overlong.labels()))
          .with("top_k", (reader, value) -> reader.topK = value.wholeNumber(1))
          .with("raw_scores", (reader, value) -> reader.raw = value.flag())
          .with(
              "windows_joined",
              (reader, value) ->
                  reader.joining = value.chosen(WindowJoining::of, WindowJoining.labels()));

  ClassifyRequest {
    input = List.copyOf(input);
  }

  static TaskArguments<?> arguments() {
    return ARGUMENTS;
  }

  static ClassifyRequest read(InputStream body) throws IOException {
    Reader reader = new Reader();
    TaskRequest shared = ARGUMENTS.read(body, reader);
    if (reader.input == null) {
      throw BodyArguments.absent("input", "a string, or an array of strings");
    }
    return new ClassifyRequest(
        shared, reader.input, reader.topK, reader.raw, reader.joining, reader.overlong);
  }

  private static final class Reader {
    private @Nullable List<TextInput> input;
    private int topK = Integer.MAX_VALUE;
    private boolean raw;
    private WindowJoining joining = WindowJoining.MEAN;
    private TextOptions.Overlong overlong = TextOptions.Overlong.WINDOWS;

    /** A text, or an array of texts and of arrays of two, which are pairs. */
    private static List<TextInput> readInput(ArgumentValue value) {
      return value.parser().currentToken() == JsonToken.VALUE_STRING
          ? List.of(new TextInput.Characters(value.filledText()))
          : value.elements("texts", TaskRequest.MOST_TEXTS, Reader::readElement);
    }

    private static TextInput readElement(ArgumentValue value) {
      if (value.parser().currentToken() != JsonToken.START_ARRAY) {
        return new TextInput.Characters(value.filledText());
      }
      List<String> pair = value.elements("texts", 2, ArgumentValue::filledText);
      return switch (pair.size()) {
        case 1 -> new TextInput.Characters(pair.getFirst());
        default -> new TextInput.Pair(pair.getFirst(), pair.get(1), false);
      };
    }
  }
}
