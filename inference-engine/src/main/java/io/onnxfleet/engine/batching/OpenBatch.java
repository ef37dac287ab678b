package io.onnxfleet.engine.batching;

import io.onnxfleet.engine.batching.latency.LatencyCurve;
import io.onnxfleet.engine.request.Deadline;
import java.util.ArrayList;
import java.util.List;

/**
 * The entries that would go together now, while a policy thinks about them; used again for every
 * decision. Never empty when a policy sees it. Not thread-safe.
 */
final class OpenBatch<T extends BatchItem> implements QueueView {
  /** How much dearer a row may be here than elsewhere, when there are enough rows everywhere. */
  private static final double TOLERANCE = 1.05;

  private final int maxBatchSize;
  private final long maxPaddedElements;
  private final List<QueueEntry<T>> entries = new ArrayList<>();
  private Situation situation = Situation.UNKNOWN;
  private int rows;
  private long length;
  private boolean full;

  OpenBatch(int maxBatchSize) {
    this(maxBatchSize, 0);
  }

  OpenBatch(int maxBatchSize, long maxPaddedElements) {
    this.maxBatchSize = maxBatchSize;
    this.maxPaddedElements = maxPaddedElements;
  }

  void clear() {
    entries.clear();
    rows = 0;
    length = 0;
    full = false;
  }

  /** Empties the batch, and says what goes on around the next one. */
  void begin(Situation around) {
    clear();
    situation = around;
  }

  /** False if there is no room for it, and from then on the batch is full. */
  boolean join(QueueEntry<T> entry) {
    if (!hasRoom(entry)) {
      full = true;
      return false;
    }
    entries.add(entry);
    rows += entry.rows;
    length = Math.max(length, entry.length);
    full = rows >= maxBatchSize;
    return true;
  }

  /** The first entry always has room: it may have more rows than the maximum if that is 1. */
  boolean hasRoom(QueueEntry<T> entry) {
    return entries.isEmpty()
        || ((long) rows + entry.rows <= maxBatchSize
            && (maxPaddedElements == 0
                || ((long) rows + entry.rows) * Math.max(length, entry.length)
                    <= maxPaddedElements));
  }

  /** True if another entry, not longer than the batch, might have room where this one has none. */
  boolean isTooLong(QueueEntry<T> entry) {
    return entry.length > length && (long) rows + entry.rows <= maxBatchSize;
  }

  /**
   * True if executing the entry here costs less than elsewhere. Here, it or the others are padded;
   * elsewhere it costs what rows of its length cost in a batch of their own, or, if there are too
   * few of them for that, what it costs alone.
   *
   * @param alone true to compare with what it costs alone
   */
  boolean pays(QueueEntry<T> entry, boolean alone) {
    LatencyCurve latency = situation.latency();
    if (entries.isEmpty() || entry.length == length || !latency.isKnown()) {
      return true;
    }
    long here =
        latency.nanos(rows + entry.rows, Math.max(length, entry.length))
            - latency.nanos(rows, length);
    double elsewhere =
        alone
            ? latency.nanos(entry.rows, entry.length)
            : TOLERANCE * entry.rows * latency.nanosPerRow(entry.length);
    return here <= elsewhere;
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

  /**
   * The longest run of entries within the limit that is expected to take no more time than that,
   * and at least the first; the first alone while too little is known.
   */
  List<QueueEntry<T>> within(int limit, long mostNanos) {
    LatencyCurve latency = situation.latency();
    List<QueueEntry<T>> run = within(limit);
    int count = 1;
    int sum = run.getFirst().rows;
    long longest = run.getFirst().length;
    while (count < run.size() && latency.isKnown()) {
      QueueEntry<T> next = run.get(count);
      sum += next.rows;
      longest = Math.max(longest, next.length);
      if (latency.nanos(sum, longest) > mostNanos) {
        break;
      }
      count++;
    }
    return run.subList(0, count);
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
  public long length() {
    return length;
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
  public long newestNanos() {
    long newest = entries.getFirst().queuedNanos;
    for (QueueEntry<T> entry : entries) {
      newest = entry.queuedNanos - newest > 0 ? entry.queuedNanos : newest;
    }
    return newest;
  }

  @Override
  public Deadline earliestDeadline() {
    Deadline earliest = Deadline.NONE;
    for (QueueEntry<T> entry : entries) {
      earliest = earliest.earlier(entry.deadline);
    }
    return earliest;
  }

  @Override
  public Situation situation() {
    return situation;
  }
}
