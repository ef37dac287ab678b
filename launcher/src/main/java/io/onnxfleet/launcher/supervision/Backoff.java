package io.onnxfleet.launcher.supervision;

import java.time.Duration;

/**
 * How long what died waits before it is started again: a second, twice as long after each death, a
 * minute at most. Who was ready for a minute begins anew. Not thread-safe.
 */
final class Backoff {
  static final Duration FIRST = Duration.ofSeconds(1);
  static final Duration LONGEST = Duration.ofMinutes(1);

  /** How long a process must be ready to count as well. */
  static final Duration WELL = Duration.ofMinutes(1);

  private Duration next = FIRST;
  private boolean isReady;
  private long readySince;

  /** After a death. */
  Duration next() {
    Duration pause = next;
    Duration doubled = next.multipliedBy(2);
    next = doubled.compareTo(LONGEST) > 0 ? LONGEST : doubled;
    isReady = false;
    return pause;
  }

  /** Whether there is anything to begin anew. */
  boolean isRaised() {
    return !next.equals(FIRST);
  }

  /** What a look at the living process showed, at that time in nanoseconds. */
  void see(boolean ready, long now) {
    if (!ready) {
      isReady = false;
    } else if (!isReady) {
      isReady = true;
      readySince = now;
    } else if (now - readySince >= WELL.toNanos()) {
      next = FIRST;
    }
  }
}
