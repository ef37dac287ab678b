package io.onnxfleet.benchmarks.chaos.jobs;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.databind.JsonNode;

/** The lines of an input, by number from 0. Immutable. */
interface Lines {
  /** The path that all of them ask. */
  String url();

  /** What line number {@code line} asks, as JSON. */
  String body(int line);

  /** Whether the fleet must refuse that line. */
  boolean isRefused(int line);

  /** Whether that is the answer to that line. */
  boolean isAnswer(int line, JsonNode body);

  /** Writes the first lines of an input; their {@code custom_id}s are their numbers. */
  default Path write(Path file, int count) throws IOException {
    try (BufferedWriter writer = Files.newBufferedWriter(file)) {
      for (int line = 0; line < count; line++) {
        writer.write(
            "{\"custom_id\":\"%d\",\"method\":\"POST\",\"url\":\"%s\",\"body\":%s}\n"
                .formatted(line, url(), body(line)));
      }
    }
    return file;
  }
}
