package io.onnxfleet.inference.protocol.openai.entities;

import io.onnxfleet.engine.text.entities.Aggregation;
import io.onnxfleet.inference.protocol.openai.task.ArgumentValue;
import io.onnxfleet.inference.protocol.openai.task.BodyArguments;
import io.onnxfleet.inference.protocol.openai.task.OffsetEncoding;
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
  EntitiesRequest {
    input = List.copyOf(input);
  }

  static EntitiesRequest read(InputStream body) throws IOException {
    Reader reader = new Reader();
    TaskRequest shared = BodyArguments.read(body, reader::readArgument);
    if (reader.input == null) {
      throw BodyArguments.absent("input", "a string, or an array of strings");
    }
    return new EntitiesRequest(shared, reader.input, reader.aggregation, reader.encoding);
  }

  private static final class Reader {
    private @Nullable List<String> input;
    private Aggregation aggregation = Aggregation.SIMPLE;
    private OffsetEncoding encoding = OffsetEncoding.CODE_POINTS;

    private boolean readArgument(String name, ArgumentValue value) {
      switch (name) {
        case "input" -> input = value.oneOrMore(TaskRequest.MOST_TEXTS);
        case "aggregation" -> aggregation = value.chosen(Aggregation::of, Aggregation.labels());
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
