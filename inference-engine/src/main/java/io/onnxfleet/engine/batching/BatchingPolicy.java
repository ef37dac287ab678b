package io.onnxfleet.engine.batching;

/**
 * When an open batch closes, for a taker that is ready to execute it.
 *
 * <p>{@link #decide} is called under the scheduler's lock, by one thread at a time: it answers at
 * once and does not call back.
 */
public interface BatchingPolicy {
  Decision decide(QueueView view, long nowNanos);

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
}
