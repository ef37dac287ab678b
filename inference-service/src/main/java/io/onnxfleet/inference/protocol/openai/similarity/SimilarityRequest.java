package io.onnxfleet.inference.protocol.openai.similarity;

import io.onnxfleet.engine.text.TextOptions;
import io.onnxfleet.inference.protocol.openai.task.BodyArguments;
import io.onnxfleet.inference.protocol.openai.task.TaskArguments;
import io.onnxfleet.inference.protocol.openai.task.TaskRequest;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The body of a similarity request.
 *
 * @param source the text that others are compared with, not empty
 * @param targets these, at least one, none of them empty
 * @param overlong what becomes of a text that is too long for one window
 */
record SimilarityRequest(
    TaskRequest shared, String source, List<String> targets, TextOptions.Overlong overlong) {
  private static final TaskArguments<Reader> ARGUMENTS =
      TaskArguments.<Reader>none()
          .with("source", (reader, value) -> reader.source = value.filledText())
          .with("targets", (reader, value) -> reader.targets = value.oneOrMore(reader.maxTargets))
          .with(
              "overlong",
              (reader, value) ->
                  reader.overlong =
                      value.chosen(TextOptions.Overlong::of, TextOptions.Overlong.labels()));

  SimilarityRequest {
    targets = List.copyOf(targets);
  }

  static TaskArguments<?> arguments() {
    return ARGUMENTS;
  }

  static SimilarityRequest read(InputStream body, int maxTargets) throws IOException {
    Reader reader = new Reader(maxTargets);
    TaskRequest shared = ARGUMENTS.read(body, reader);
    if (reader.source == null) {
      throw BodyArguments.absent("source", "a string");
    }
    if (reader.targets == null) {
      throw BodyArguments.absent("targets", "a string, or an array of strings");
    }
    return new SimilarityRequest(shared, reader.source, reader.targets, reader.overlong);
  }

  private static final class Reader {
    private final int maxTargets;
    private @Nullable String source;
    private @Nullable List<String> targets;
    private TextOptions.Overlong overlong = TextOptions.Overlong.WINDOWS;

    Reader(int maxTargets) {
      this.maxTargets = maxTargets;
    }
  }
}
