package io.onnxfleet.inference.protocol.openai.entities;

import io.onnxfleet.engine.text.entities.Aggregation;
import io.onnxfleet.inference.protocol.openai.task.BodyArguments;
import io.onnxfleet.inference.protocol.openai.task.OffsetEncoding;
import io.onnxfleet.inference.protocol.openai.task.TaskArguments;
import io.onnxfleet.inference.protocol.openai.task.TaskRequest;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The body of a token-classify request.
 *
 * @param input at least one text, none of them empty
 * @param aggregation of tokens
 * @param encoding what places count
 */
record EntitiesRequest(
    TaskRequest shared, List<String> input, Aggregation aggregation, OffsetEncoding encoding) {
  private static final TaskArguments<Reader> ARGUMENTS =
      TaskArguments.<Reader>none()
          .with("input", (reader, value) -> reader.input = value.oneOrMore(TaskRequest.MOST_TEXTS))
          .with(
              "aggregation",
              (reader, value) ->
                  reader.aggregation = value.chosen(Aggregation::of, Aggregation.labels()))
          .with(
              "offset_encoding",
              (reader, value) ->
                  reader.encoding = value.chosen(OffsetEncoding::of, OffsetEncoding.labels()));

  EntitiesRequest {
    input = List.copyOf(input);
  }

  static TaskArguments<?> arguments() {
    return ARGUMENTS;
  }

  static EntitiesRequest read(InputStream body) throws IOException {
    Reader reader = new Reader();
    TaskRequest shared = ARGUMENTS.read(body, reader);
    if (reader.input == null) {
      throw BodyArguments.absent("input", "a string, or an array of strings");
    }
    return new EntitiesRequest(shared, reader.input, reader.aggregation, reader.encoding);
  }

  private static final class Reader {
    private @Nullable List<String> input;
    private Aggregation aggregation = Aggregation.SIMPLE;
    private OffsetEncoding encoding = OffsetEncoding.CODE_POINTS;
  }
}
