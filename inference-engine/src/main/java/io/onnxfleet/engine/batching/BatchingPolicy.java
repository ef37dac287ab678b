package io.onnxfleet.engine.batching;

/**
 * When an open batch closes, for a taker that is ready to execute it.
 *
 * <p>{@link #decide} is called under the scheduler's lock, by one thread at a time: it answers at
 * once and does not call back. {@link #onBatchCompleted} is called outside the lock, by several
 * threads at once.
 */
public interface BatchingPolicy {
  Decision decide(QueueView view, long nowNanos);

  /** A batch was executed: what a policy that adapts learns from. */
  default void onBatchCompleted(CompletedBatch batch) {}

  /** What a policy wants done with an open batch. */
  sealed interface Decision {}

  /**
   * Close it with the longest run of items that has at most {@code rows} rows, and at least the
   * first item.
   */
  record Close(int rows) implements Decision {}

  /**
   * Leave it open; ask again at that reading of the ticker, or when something joins. A moment that
   * is not ahead closes the batch.
   */
  record Wait(long untilNanos) implements Decision {}

  /**
   * What became of a batch.
   *
   * @param paddedLength the length that variable inputs were filled up to; 0 if there are none
   * @param nanos time that the execution took
   */
  record CompletedBatch(Object shapeKey, int rows, long paddedLength, long nanos) {}
}
