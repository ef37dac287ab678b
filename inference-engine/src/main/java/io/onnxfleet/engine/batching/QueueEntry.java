package io.onnxfleet.engine.batching;

import io.onnxfleet.engine.request.Deadline;
import org.jspecify.annotations.Nullable;

/**
 * An item's place in a {@link BatchQueue}, with what is asked of the item once, when it comes. Not
 * thread-safe; the links belong to the {@link CallerShares}, the heap index to the {@link
 * ExpiryHeap}.
 */
final class QueueEntry<T extends BatchItem> {
  final T item;
  final int rows;
  final Object shapeKey;
  final long length;
  final String caller;
  final Deadline deadline;

  /** 1 to the number of levels, or the one behind them. */
  final int level;

  long queuedNanos;

  /** Where it stands among all entries; it grows when the entry is put behind the others. */
  long sequence;

  int lane;

  /** True if it is executed although it is expected to miss its deadline. */
  boolean probe;

  /** Its place in the lane, by {@link CallerShares}; entries of equal rank stand by sequence. */
  long rank;

  /** When something happens to the entry by itself; meaningful while it is in the heap. */
  long expiryNanos;

  int heapIndex = ExpiryHeap.ABSENT;

  /** The entries of its caller that came just before and after it. */
  @Nullable QueueEntry<T> previous;

  @Nullable QueueEntry<T> next;

  QueueEntry(T item, BatchSchedulerOptions options) {
    this.item = item;
    rows = item.rows();
    shapeKey = item.shapeKey();
    length = item.length();
    caller = item.caller();
    deadline = item.deadline();
    level = options.levelOf(item.priority());
    int most = options.maxBatchSize() == 1 ? Integer.MAX_VALUE : options.maxBatchSize();
    if (rows < 1 || rows > most) {
      throw new IllegalArgumentException("rows: %d (expected: 1 to %d)".formatted(rows, most));
    }
  }

  /** What it counts for when callers are compared. */
  long cost() {
    return rows * Math.max(1, length);
  }
}
