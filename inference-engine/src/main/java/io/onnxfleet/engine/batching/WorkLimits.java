package io.onnxfleet.engine.batching;

import java.time.Duration;

/**
 * What executes batches, and how much work it may be given.
 *
 * @param executors who take batches at once, at least 1
 * @param maxPaddedElements most rows of a batch times the length they are padded to; 0 for no limit
 * @param maxQueuedWork how long the executors may be busy with what waits before more is refused;
 *     zero for no limit
 */
public record WorkLimits(int executors, long maxPaddedElements, Duration maxQueuedWork) {
  /** One executor, without limits. */
  public static final WorkLimits NONE = new WorkLimits(1, 0, Duration.ZERO);

  public WorkLimits {
    if (executors < 1) {
      throw new IllegalArgumentException("executors: " + executors + " (expected: >= 1)");
    }
    if (maxPaddedElements < 0) {
      throw new IllegalArgumentException(
          "max-padded-elements: " + maxPaddedElements + " (expected: >= 0)");
    }
    if (maxQueuedWork.isNegative()) {
      throw new IllegalArgumentException("max-queued-work: " + maxQueuedWork + " (expected: >= 0)");
    }
  }

  public WorkLimits withExecutors(int count) {
    return new WorkLimits(count, maxPaddedElements, maxQueuedWork);
  }
}
