package io.onnxfleet.engine.batching;

import io.onnxfleet.engine.request.Deadline;
import java.util.ArrayList;
import java.util.List;

/**
 * The entries that would go together now, while a policy thinks about them; used again for every
 * decision. Never empty when a policy sees it. Not thread-safe.
 */
final class OpenBatch<T extends BatchItem> implements QueueView {
  private final int maxBatchSize;
  private final List<QueueEntry<T>> entries = new ArrayList<>();
  private int rows;
  private boolean full;

  OpenBatch(int maxBatchSize) {
    this.maxBatchSize = maxBatchSize;
  }

  void clear() {
    entries.clear();
    rows = 0;
    full = false;
  }

  /** False if there is no room for it, and from then on the batch is full. */
  boolean join(QueueEntry<T> entry) {
    // The first entry always fits: it may have more rows than the maximum if that is 1.
    if (!entries.isEmpty() && (long) rows + entry.rows > maxBatchSize) {
      full = true;
      return false;
    }
    entries.add(entry);
    rows += entry.rows;
    full = rows >= maxBatchSize;
    return true;
  }

  boolean isEmpty() {
    return entries.isEmpty();
  }

  /** The longest run of entries within the limit, and at least the first. */
  List<QueueEntry<T>> within(int limit) {
    int count = 1;
    int sum = entries.getFirst().rows;
    while (count < entries.size() && sum + entries.get(count).rows <= limit) {
      sum += entries.get(count++).rows;
    }
    return entries.subList(0, count);
  }

  @Override
  public Object shapeKey() {
    return entries.getFirst().shapeKey;
  }

  @Override
  public int maxBatchSize() {
    return maxBatchSize;
  }

  @Override
  public int rows() {
    return rows;
  }

  @Override
  public int rowsWithin(int limit) {
    int sum = 0;
    for (QueueEntry<T> entry : entries) {
      if (sum + entry.rows > limit) {
        break;
      }
      sum += entry.rows;
    }
    return sum;
  }

  @Override
  public boolean isFull() {
    return full;
  }

  @Override
  public long oldestNanos() {
    long oldest = entries.getFirst().queuedNanos;
    for (QueueEntry<T> entry : entries) {
      oldest = entry.queuedNanos - oldest < 0 ? entry.queuedNanos : oldest;
    }
    return oldest;
  }

  @Override
  public Deadline earliestDeadline() {
    Deadline earliest = Deadline.NONE;
    for (QueueEntry<T> entry : entries) {
      earliest = earliest.earlier(entry.deadline);
    }
    return earliest;
  }
}
