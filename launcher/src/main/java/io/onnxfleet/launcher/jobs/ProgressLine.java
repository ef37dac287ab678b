package io.onnxfleet.launcher.jobs;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;

/**
 * How far a batch is, in one line: a bar, lines, lines a second and the time left at that speed,
 * which is that of the last {@link #WINDOW}. For one thread.
 */
final class ProgressLine {
  /** Lines are counted some hundreds at a time, so that a shorter one would only jump. */
  static final Duration WINDOW = Duration.ofSeconds(30);

  private static final int WIDTH = 24;
  private static final double SECOND = 1e9;

  private final Deque<Sample> samples = new ArrayDeque<>();

  private record Sample(long nanos, long done) {}

  /**
   * Takes what is known now.
   *
   * @param nanos of a clock that only goes forward
   */
  String of(BatchView batch, long nanos) {
    if (batch.total() == 0) {
      return batch.status();
    }
    samples.add(new Sample(nanos, batch.done()));
    while (samples.size() > 2 && nanos - samples.getFirst().nanos() > WINDOW.toNanos()) {
      samples.removeFirst();
    }
    int filled = (int) (WIDTH * batch.done() / batch.total());
    return "[%s%s] %3d%%  %,d of %,d lines%s%s"
        .formatted(
            "#".repeat(filled),
            "-".repeat(WIDTH - filled),
            percent(batch),
            batch.done(),
            batch.total(),
            batch.failed() == 0 ? "" : String.format(Locale.ROOT, ", %,d failed", batch.failed()),
            batch.isEnded() ? "" : speed(batch));
  }

  static long percent(BatchView batch) {
    return batch.total() == 0 ? 0 : 100 * batch.done() / batch.total();
  }

  private String speed(BatchView batch) {
    Sample first = samples.getFirst();
    Sample last = samples.getLast();
    double seconds = (last.nanos() - first.nanos()) / SECOND;
    double linesPerSecond = seconds > 0 ? (last.done() - first.done()) / seconds : 0;
    if (linesPerSecond <= 0) {
      return "";
    }
    double left = Math.ceil((batch.total() - batch.done()) / linesPerSecond);
    return "  %,.1f lines/s, %s left"
        .formatted(linesPerSecond, time(Duration.ofSeconds((long) left)));
  }

  static String time(Duration time) {
    if (time.toHours() > 0) {
      return "%d h %d min".formatted(time.toHours(), time.toMinutesPart());
    }
    return time.toMinutes() > 0
        ? "%d min %d s".formatted(time.toMinutes(), time.toSecondsPart())
        : time.toSeconds() + " s";
  }
}
