package io.onnxfleet.benchmarks.chaos.jobs;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.onnxfleet.benchmarks.chaos.bar.Bar;
import io.onnxfleet.launcher.jobs.BatchView;
import io.onnxfleet.launcher.jobs.GatewayCalls;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads the two files of a batch that has ended, and counts what should not be. For one thread. */
final class Verdict {
  private static final JsonMapper JSON = JsonMapper.shared();

  private final Lines lines;
  private final int count;
  private final BitSet seen = new BitSet();
  private int again;
  private int misplaced;
  private int wrong;

  private Verdict(Lines lines, int count) {
    this.lines = lines;
    this.count = count;
  }

  /**
   * What must hold of that batch of so many lines.
   *
   * @throws IOException if its files cannot be read
   */
  static List<Bar> of(GatewayCalls calls, BatchView batch, Lines lines, int count)
      throws IOException, InterruptedException {
    Verdict verdict = new Verdict(lines, count);
    verdict.read(calls, batch.output(), false);
    verdict.read(calls, batch.errors(), true);
    int refused = 0;
    for (int line = 0; line < count; line++) {
      refused += lines.isRefused(line) ? 1 : 0;
    }
    String counts = "%d, %d of %d".formatted(count - refused, refused, count);
    String told = "%d, %d of %d".formatted(batch.completed(), batch.failed(), batch.total());
    return List.of(
        new Bar("the batch", "completed", batch.status(), batch.isCompleted()),
        new Bar("its counts", counts, told, counts.equals(told)),
        Bar.atMost("lines in neither file", 0, count - verdict.seen.cardinality(), ""),
        Bar.atMost("lines twice", 0, verdict.again, ""),
        Bar.atMost("lines in the wrong file or place", 0, verdict.misplaced, ""),
        Bar.atMost("wrong answers", 0, verdict.wrong, ""));
  }

  private void read(GatewayCalls calls, @Nullable String file, boolean ofErrors)
      throws IOException, InterruptedException {
    if (file == null) {
      return;
    }
    try (BufferedReader reader =
        new BufferedReader(new InputStreamReader(calls.content(file), UTF_8))) {
      int last = -1;
      for (String text = reader.readLine(); text != null; text = reader.readLine()) {
        JsonNode answer = JSON.readTree(text);
        int line = Integer.parseInt(answer.path("custom_id").asString());
        if (line < 0 || line >= count) {
          throw new IOException("custom_id %d (expected: 0 to %d)".formatted(line, count - 1));
        }
        again += seen.get(line) ? 1 : 0;
        seen.set(line);
        misplaced += line <= last || lines.isRefused(line) != ofErrors ? 1 : 0;
        last = line;
        int status = answer.at("/response/status_code").asInt();
        boolean isRight =
            ofErrors ? status == 400 : lines.isAnswer(line, answer.at("/response/body"));
        wrong += isRight ? 0 : 1;
      }
    }
  }
}
