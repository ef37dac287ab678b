package io.onnxfleet.engine.batching;

import java.time.Duration;

/**
 * What becomes of the items of one priority level while they wait.
 *
 * <p>An item's own {@link BatchItem#deadline()} holds beside the timeout: whichever passes first
 * acts, and a passed deadline always drops. So a request may shorten the timeout, never lengthen
 * it.
 *
 * @param maxQueueSize items that may wait in this level; 0 for {@link #LARGEST_QUEUE_SIZE}
 * @param timeout the longest wait before {@code timeoutAction}; zero for none
 */
public record QueuePolicy(int maxQueueSize, Duration timeout, TimeoutAction timeoutAction) {
  /** The bound of a level that names none: no queue grows without end. */
  public static final int LARGEST_QUEUE_SIZE = 1 << 16;

  static final Duration LONGEST_TIMEOUT = Duration.ofDays(1);

  /** As large as can be, without a timeout. */
  public static final QueuePolicy DEFAULT = new QueuePolicy(0, Duration.ZERO, TimeoutAction.REJECT);

  /** What happens to an item that has waited for the timeout. */
  public enum TimeoutAction {
    /** It fails. */
    REJECT,
    /** It waits on, behind all items of its level that have not timed out. */
    DELAY
  }

  public QueuePolicy {
    if (maxQueueSize < 0 || maxQueueSize > LARGEST_QUEUE_SIZE) {
      throw new IllegalArgumentException(
          "max-queue-size: %d (expected: 0 to %d)".formatted(maxQueueSize, LARGEST_QUEUE_SIZE));
    }
    if (timeout.isNegative() || timeout.compareTo(LONGEST_TIMEOUT) > 0) {
      throw new IllegalArgumentException(
          "timeout: %s (expected: 0 to %s)".formatted(timeout, LONGEST_TIMEOUT));
    }
  }

  /** The number of items that may wait, whether named or not. */
  public int bound() {
    return maxQueueSize == 0 ? LARGEST_QUEUE_SIZE : maxQueueSize;
  }
}
