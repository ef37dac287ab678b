package io.onnxfleet.engine.batching;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.time.Duration;
import java.util.Locale;

/**
 * An item that left the queue without a batch and is still to be told so, outside the lock.
 *
 * @param waitedNanos how long it was in the queue
 * @param limit what it ran against: the timeout of its level, or how long its batch would take
 */
record DroppedItem<T extends BatchItem>(T item, Cause cause, long waitedNanos, Duration limit) {
  enum Cause {
    /** Its own deadline passed. */
    DEADLINE,
    /** The timeout of its level passed. */
    TIMEOUT,
    /** Its own deadline would pass while it is executed. */
    TOO_LATE,
    /** Its caller had most of a full queue when another came. */
    DISPLACEMENT,
    /** Nobody waits for it any more. */
    CANCELLATION
  }

  void fail() {
    item.fail(
        switch (cause) {
          case DEADLINE ->
              new InferenceException(
                  ErrorCode.DEADLINE_EXCEEDED,
                  "deadline: passed after "
                      + waited()
                      + " in the queue (expected an answer by it)");
          case TIMEOUT ->
              new InferenceException(
                  ErrorCode.DEADLINE_EXCEEDED,
                  "time in the queue: " + waited() + " (expected: < " + millis(limit) + ")");
          case TOO_LATE ->
              new InferenceException(
                  ErrorCode.DEADLINE_EXCEEDED,
                  "deadline: too close after "
                      + waited()
                      + " in the queue (expected: >= "
                      + millis(limit)
                      + " left for the execution)");
          case DISPLACEMENT ->
              new InferenceException(
                  ErrorCode.QUEUE_FULL,
                  "queue: full, gave way after " + waited() + " to a caller who has less in it");
          case CANCELLATION ->
              new InferenceException(
                  ErrorCode.CANCELLED, "cancelled after " + waited() + " in the queue");
        });
  }

  private String waited() {
    return millis(Duration.ofNanos(waitedNanos));
  }

  private static String millis(Duration duration) {
    return String.format(Locale.ROOT, "%.3f ms", duration.toNanos() / 1e6);
  }
}
