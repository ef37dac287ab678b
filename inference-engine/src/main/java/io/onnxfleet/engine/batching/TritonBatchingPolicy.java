package io.onnxfleet.engine.batching;

import java.util.List;

/**
 * Closes batches as Triton's dynamic batcher does, by {@code preferred_batch_size} and {@code
 * max_queue_delay_microseconds}:
 *
 * <ol>
 *   <li>a batch whose oldest item has waited for the delay closes as it is;
 *   <li>one that reaches a preferred size closes with the largest that it reaches, although more
 *       may wait;
 *   <li>one that cannot grow closes as it is;
 *   <li>without a delay, any other closes as it is: a ready instance never stands idle;
 *   <li>with one, it waits for the rest of the delay, unless an item's deadline would pass
 *       meanwhile.
 * </ol>
 *
 * <p>Immutable.
 */
public final class TritonBatchingPolicy implements BatchingPolicy {
  private final List<Integer> largestPreferredFirst;
  private final long delayNanos;

  public TritonBatchingPolicy(BatchSchedulerOptions options) {
    largestPreferredFirst = options.preferredBatchSizes().reversed();
    delayNanos = options.maxQueueDelay().toNanos();
  }

  @Override
  public Decision decide(QueueView view, long nowNanos) {
    Close closeAsItIs = new Close(view.maxBatchSize());
    boolean delayed = delayNanos > 0;
    if (!delayed && largestPreferredFirst.isEmpty()) {
      return closeAsItIs;
    }
    long due = view.oldestNanos() + delayNanos;
    if (delayed && nowNanos - due >= 0) {
      return closeAsItIs;
    }
    for (int preferred : largestPreferredFirst) {
      if (view.rowsWithin(preferred) == preferred) {
        return new Close(preferred);
      }
    }
    if (!delayed || view.isFull() || view.earliestDeadline().isExpired(due)) {
      return closeAsItIs;
    }
    return new Wait(due);
  }
}
