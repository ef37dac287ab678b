package io.onnxfleet.engine.batching;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;

/**
 * Entries of one priority level by rank, and also by shape key, so that neither the one that leads
 * nor its mates are searched for: adding and removing an entry costs O(log entries). Not
 * thread-safe.
 */
final class Lane<T extends BatchItem> {
  private static final Comparator<QueueEntry<?>> BY_RANK =
      Comparator.<QueueEntry<?>>comparingLong(entry -> entry.rank)
          .thenComparingLong(entry -> entry.sequence);

  /** The entries of one key. */
  private static final class Bucket<T extends BatchItem> {
    final Object shapeKey;
    final NavigableSet<QueueEntry<T>> entries = new TreeSet<>(BY_RANK);

    Bucket(Object shapeKey) {
      this.shapeKey = shapeKey;
    }

    QueueEntry<T> first() {
      return entries.first();
    }
  }

  // INVARIANT: no bucket is empty, and both collections hold the same buckets. A bucket's first
  // entry changes only while the bucket is out of byRank.
  private final Map<Object, Bucket<T>> byKey = new HashMap<>();
  private final TreeSet<Bucket<T>> byRank =
      new TreeSet<>(Comparator.comparing(Bucket::first, BY_RANK));

  boolean isEmpty() {
    return byKey.isEmpty();
  }

  /** The entry that leads; the lane must not be empty. */
  QueueEntry<T> first() {
    return byRank.first().first();
  }

  /** The entries of that key by rank; not to be changed while it is gone through. */
  Iterable<QueueEntry<T>> entries(Object shapeKey) {
    Bucket<T> bucket = byKey.get(shapeKey);
    return bucket == null ? List.of() : bucket.entries;
  }

  /** At most that many keys, the one whose first entry leads ahead. */
  List<Object> firstKeys(int limit) {
    List<Object> keys = new ArrayList<>(Math.min(limit, byRank.size()));
    for (Bucket<T> bucket : byRank) {
      if (keys.size() == limit) {
        break;
      }
      keys.add(bucket.shapeKey);
    }
    return keys;
  }

  /** How long the entry that has waited longest has waited, 0 if there is none. */
  long oldestNanos(long now) {
    long oldest = 0;
    for (Bucket<T> bucket : byRank) {
      oldest = Math.max(oldest, now - bucket.first().queuedNanos);
    }
    return oldest;
  }

  /** Puts an entry in its place by its rank. */
  void add(QueueEntry<T> entry) {
    Bucket<T> bucket = byKey.computeIfAbsent(entry.shapeKey, Bucket::new);
    if (bucket.entries.isEmpty() || BY_RANK.compare(entry, bucket.first()) < 0) {
      if (!bucket.entries.isEmpty()) {
        byRank.remove(bucket);
      }
      bucket.entries.add(entry);
      byRank.add(bucket);
    } else {
      bucket.entries.add(entry);
    }
  }

  void remove(QueueEntry<T> entry) {
    Bucket<T> bucket = byKey.get(entry.shapeKey);
    if (bucket == null) {
      throw new IllegalStateException("an entry without its bucket");
    }
    if (bucket.first() != entry) {
      bucket.entries.remove(entry);
      return;
    }
    byRank.remove(bucket);
    bucket.entries.remove(entry);
    if (bucket.entries.isEmpty()) {
      byKey.remove(entry.shapeKey);
    } else {
      byRank.add(bucket);
    }
  }
}
