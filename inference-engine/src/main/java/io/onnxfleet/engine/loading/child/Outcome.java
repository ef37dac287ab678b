package io.onnxfleet.engine.loading.child;

import io.onnxfleet.engine.crash.CrashReport;
import io.onnxfleet.engine.crash.ExitCodes;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What came of a question to a child. */
public sealed interface Outcome {
  /** It answered. */
  record Answer(String line) implements Outcome {}

  /**
   * It used up its time, and was ended.
   *
   * @param cpu what it had used of its CPU time
   */
  record TimedOut(TimeLimit limit, Duration cpu) implements Outcome {
    /** Such as {@code used 60003 ms of CPU time (expected: <= 60000 ms)}. */
    public String describe() {
      return cpu.compareTo(limit.cpu()) > 0
          ? "used %d ms of CPU time (expected: <= %d ms)"
              .formatted(cpu.toMillis(), limit.cpu().toMillis())
          : "took %d s, of which it had a CPU for %d ms (expected: <= %d s)"
              .formatted(limit.wall().toSeconds(), cpu.toMillis(), limit.wall().toSeconds());
    }
  }

  /**
   * It ended without an answer, as a crash in native code does.
   *
   * @param lastWords the last line that it printed, or empty
   * @param report what its JVM wrote down, or null
   */
  record Died(int exitCode, String lastWords, @Nullable CrashReport report) implements Outcome {
    /**
     * Such as {@code SIGSEGV in libonnxruntime.so+0xcccd75 (details: /tmp/hs_err_check_71.log)}.
     */
    public String describe() {
      if (report != null) {
        return "%s (details: %s)".formatted(report.describe(), report.file());
      }
      return lastWords.isEmpty()
          ? ExitCodes.describe(exitCode)
          : "%s; its last words: %s".formatted(ExitCodes.describe(exitCode), lastWords);
    }
  }
}
