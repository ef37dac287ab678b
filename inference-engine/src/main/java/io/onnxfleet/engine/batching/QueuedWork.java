package io.onnxfleet.engine.batching;

import io.onnxfleet.engine.batching.latency.LatencyCurve;

/** How much waits in each level, and altogether. Not thread-safe. */
final class QueuedWork {
  private final int maxBatchSize;
  private final int[] items;
  private final long[] rows;
  private boolean merging = true;
  private int allItems;
  private long allRows;
  private long allElements;

  QueuedWork(BatchSchedulerOptions options) {
    maxBatchSize = options.maxBatchSize();
    items = new int[options.backgroundLevel() + 1];
    rows = new long[options.backgroundLevel() + 1];
  }

  /** Whether items share batches. */
  void merging(boolean on) {
    merging = on;
  }

  void add(QueueEntry<?> entry) {
    count(entry, 1);
  }

  void remove(QueueEntry<?> entry) {
    count(entry, -1);
  }

  private void count(QueueEntry<?> entry, int sign) {
    items[entry.level] += sign;
    rows[entry.level] += (long) sign * entry.rows;
    allItems += sign;
    allRows += (long) sign * entry.rows;
    allElements += (long) sign * entry.rows * entry.length;
  }

  int items(int level) {
    return items[level];
  }

  long rows(int level) {
    return rows[level];
  }

  /** Rows of all levels. */
  long rows() {
    return allRows;
  }

  /** Rows of the levels that are served before this one. */
  long rowsAbove(int level) {
    long above = 0;
    for (int higher = 1; higher < level; higher++) {
      above += rows[higher];
    }
    return above;
  }

  /** The mean length of the rows; 0 if nothing waits. */
  long meanLength() {
    return allRows == 0 ? 0 : allElements / allRows;
  }

  /** The mean length of the rows; that of the entry if nothing waits. */
  long meanLength(QueueEntry<?> entry) {
    return allRows == 0 ? entry.length : allElements / allRows;
  }

  /** Rows that a batch will probably have while much waits. */
  int batchRows(LatencyCurve latency, long length) {
    if (maxBatchSize == 1 || !merging) {
      return (int) Math.max(1, allItems == 0 ? 1 : allRows / allItems);
    }
    return Math.min(maxBatchSize, latency.bestRows(length, false));
  }
}
