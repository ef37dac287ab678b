package io.onnxfleet.engine.batching;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.time.Duration;
import java.util.Locale;

/** Why the queue does not take a request in, in words for its caller. */
final class Refusals {
  private static final Duration SOONEST_RETRY = Duration.ofSeconds(1);
  private static final Duration LATEST_RETRY = Duration.ofSeconds(30);

  private Refusals() {}

  static InferenceException tooLarge(int items, int bound, int level) {
    return new InferenceException(
        ErrorCode.REQUEST_TOO_LARGE,
        "queue: request of " + items + " batches" + expected(bound, level));
  }

  static InferenceException full(int items, int bound, int level, long nanosUntilIdle) {
    return InferenceException.retryable(
        ErrorCode.QUEUE_FULL,
        "queue: full, no room for " + items + " more" + expected(bound, level),
        retryAfter(nanosUntilIdle / 2));
  }

  static InferenceException tooMuchWork(long nanos, long most) {
    return InferenceException.retryable(
        ErrorCode.QUEUE_FULL,
        "queue: %s of work ahead (expected: <= %s)".formatted(millis(nanos), millis(most)),
        retryAfter(nanos - most / 2));
  }

  static InferenceException deadline(long left, long needed, long start, long run) {
    return new InferenceException(
        ErrorCode.DEADLINE_EXCEEDED,
        "deadline: %s left (expected: >= %s: about %s until it starts and %s to execute)"
            .formatted(millis(left), millis(needed), millis(start), millis(run)));
  }

  private static String expected(int bound, int level) {
    return " (expected: <= " + bound + " waiting at priority " + level + ")";
  }

  private static Duration retryAfter(long nanos) {
    Duration wait = Duration.ofNanos(nanos);
    if (wait.compareTo(SOONEST_RETRY) < 0) {
      return SOONEST_RETRY;
    }
    return wait.compareTo(LATEST_RETRY) > 0 ? LATEST_RETRY : wait;
  }

  private static String millis(long nanos) {
    return String.format(Locale.ROOT, "%.1f ms", nanos / 1e6);
  }
}
