package io.onnxfleet.inference.protocol.openai.tokens;

import io.onnxfleet.inference.protocol.openai.task.BodyArguments;
import io.onnxfleet.inference.protocol.openai.task.OffsetEncoding;
import io.onnxfleet.inference.protocol.openai.task.TaskArguments;
import io.onnxfleet.inference.protocol.openai.task.TaskRequest;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The body of a tokenize request.
 *
 * @param input at least one text, none of them empty
 * @param special true if the tokens around a text are wanted too
 * @param encoding what places count
 */
record TokenizeRequest(
    TaskRequest shared, List<String> input, boolean special, OffsetEncoding encoding) {
  private static final TaskArguments<Reader> ARGUMENTS =
      TaskArguments.<Reader>none()
          .with("input", (reader, value) -> reader.input = value.oneOrMore(TaskRequest.MOST_TEXTS))
          .with("add_special_tokens", (reader, value) -> reader.special = value.flag())
          .with(
              "offset_encoding",
              (reader, value) ->
                  reader.encoding = value.chosen(OffsetEncoding::of, OffsetEncoding.labels()));

  TokenizeRequest {
    input = List.copyOf(input);
  }

  static TaskArguments<?> arguments() {
    return ARGUMENTS;
  }

  static TokenizeRequest read(InputStream body) throws IOException {
    Reader reader = new Reader();
    TaskRequest shared = ARGUMENTS.read(body, reader);
    if (reader.input == null) {
      throw BodyArguments.absent("input", "a string, or an array of strings");
    }
    return new TokenizeRequest(shared, reader.input, reader.special, reader.encoding);
  }

  private static final class Reader {
    private @Nullable List<String> input;
    private boolean special = true;
    private OffsetEncoding encoding = OffsetEncoding.CODE_POINTS;
  }
}
