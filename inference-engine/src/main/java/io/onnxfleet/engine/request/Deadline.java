package io.onnxfleet.engine.request;

import java.time.Duration;

/**
 * The moment after which an answer is worth nothing, on a {@link Ticker}'s scale. Immutable.
 *
 * @param bounded false if there is no such moment
 * @param nanoTime the ticker's reading at that moment
 */
public record Deadline(boolean bounded, long nanoTime) {
  public static final Deadline NONE = new Deadline(false, 0);

  /** A century; longer waits are as good as none, and the sum cannot overflow. */
  private static final long LONGEST_NANOS = 100L * 365 * 24 * 3600 * 1_000_000_000L;

  /** The moment that long from now; a negative duration has expired already. */
  public static Deadline after(Duration duration, Ticker ticker) {
    Duration longest = Duration.ofNanos(LONGEST_NANOS);
    long nanos;
    if (duration.compareTo(longest) > 0) {
      nanos = LONGEST_NANOS;
    } else {
      nanos = duration.isNegative() ? -1 : duration.toNanos();
    }
    return new Deadline(true, ticker.nanoTime() + nanos);
  }

  public boolean isExpired(long now) {
    return bounded && now - nanoTime >= 0;
  }

  /** Nanoseconds left, {@code Long.MAX_VALUE} if unbounded, 0 or less if expired. */
  public long remainingNanos(long now) {
    return bounded ? nanoTime - now : Long.MAX_VALUE;
  }

  /** Whichever comes first. */
  public Deadline earlier(Deadline other) {
    if (!bounded || !other.bounded) {
      return bounded ? this : other;
    }
    return nanoTime - other.nanoTime <= 0 ? this : other;
  }
}
