package io.onnxfleet.contract.fleet;

import io.onnxfleet.contract.api.HeaderNames;
import java.time.Duration;

/** How long a whole request may still take, as {@link HeaderNames#DEADLINE_MILLIS} says it. */
public final class TimeLeft {

  private static final long NANOS_PER_MILLI = 1_000_000;

  /** Nanoseconds of more do not fit a long. */
  private static final long MOST_MILLIS = Long.MAX_VALUE / NANOS_PER_MILLI;

  private TimeLeft() {}

  /**
   * Reads the header: 0 to 292 years.
   *
   * @throws IllegalArgumentException if it is no whole number; the message may be shown
   */
  public static Duration read(String header) {
    try {
      long millis = Long.parseLong(header.strip());
      return Duration.ofMillis(Math.max(0, Math.min(millis, MOST_MILLIS)));
    } catch (NumberFormatException malformed) {
      throw new IllegalArgumentException(
          HeaderNames.DEADLINE_MILLIS + ": '" + header + "' (expected: whole milliseconds)",
          malformed);
    }
  }

  /** Rounded up: nobody is told 0 while there is time left. */
  public static String write(Duration left) {
    long nanos = left.toNanos();
    long millis = nanos / NANOS_PER_MILLI;
    return Long.toString(nanos % NANOS_PER_MILLI > 0 ? millis + 1 : millis);
  }
}
