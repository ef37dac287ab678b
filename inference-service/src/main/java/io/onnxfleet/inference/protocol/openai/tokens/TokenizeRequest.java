package io.onnxfleet.inference.protocol.openai.tokens;

import io.onnxfleet.inference.protocol.openai.task.ArgumentValue;
import io.onnxfleet.inference.protocol.openai.task.BodyArguments;
import io.onnxfleet.inference.protocol.openai.task.OffsetEncoding;
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
  TokenizeRequest {
    input = List.copyOf(input);
  }

  static TokenizeRequest read(InputStream body) throws IOException {
    Reader reader = new Reader();
    TaskRequest shared = BodyArguments.read(body, reader::readArgument);
    if (reader.input == null) {
      throw BodyArguments.absent("input", "a string, or an array of strings");
    }
    return new TokenizeRequest(shared, reader.input, reader.special, reader.encoding);
  }

  private static final class Reader {
    private @Nullable List<String> input;
    private boolean special = true;
    private OffsetEncoding encoding = OffsetEncoding.CODE_POINTS;

    private boolean readArgument(String name, ArgumentValue value) {
      switch (name) {
        case "input" -> input = value.oneOrMore(TaskRequest.MOST_TEXTS);
        case "add_special_tokens" -> special = value.flag();
        case "offset_encoding" ->
            encoding = value.chosen(OffsetEncoding::of, OffsetEncoding.labels());
        default -> {
          return false;
        }
      }
      return true;
    }
  }
}
