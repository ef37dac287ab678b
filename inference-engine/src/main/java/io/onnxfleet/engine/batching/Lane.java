package io.onnxfleet.engine.batching;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The entries of one priority level in the order they came, and also by shape key, so that neither
 * the one that leads nor its mates are searched for: adding and removing an entry costs O(log
 * keys), whatever the number of entries. Not thread-safe.
 */
final class Lane<T extends BatchItem> {
  /** The entries of one key: a doubly linked list through the entries themselves. */
  private static final class Bucket<T extends BatchItem> {
    final Object shapeKey;
    QueueEntry<T> first;
    QueueEntry<T> last;

    Bucket(QueueEntry<T> only) {
      shapeKey = only.shapeKey;
      first = only;
      last = only;
    }

    long sequence() {
      return first.sequence;
    }
  }

  // INVARIANT: no bucket is empty, and both collections hold the same buckets.
  private final Map<Object, Bucket<T>> byKey = new HashMap<>();
  private final TreeSet<Bucket<T>> byAge =
      new TreeSet<>(Comparator.comparingLong(Bucket::sequence));

  boolean isEmpty() {
    return byKey.isEmpty();
  }

  /** The entry that came first; the lane must not be empty. */
  QueueEntry<T> first() {
    return byAge.first().first;
  }

  /** The first entry of that key; the others follow by {@link QueueEntry#next}. */
  @Nullable QueueEntry<T> first(Object shapeKey) {
    Bucket<T> bucket = byKey.get(shapeKey);
    return bucket == null ? null : bucket.first;
  }

  /** At most that many keys, the one whose first entry came first ahead. */
  List<Object> oldestKeys(int limit) {
    List<Object> keys = new ArrayList<>(Math.min(limit, byAge.size()));
    for (Bucket<T> bucket : byAge) {
      if (keys.size() == limit) {
        break;
      }
      keys.add(bucket.shapeKey);
    }
    return keys;
  }

  /** Puts an entry last; its sequence must be the highest. */
  void append(QueueEntry<T> entry) {
    Bucket<T> bucket = byKey.get(entry.shapeKey);
    if (bucket == null) {
      bucket = new Bucket<>(entry);
      byAge.add(bucket);
      byKey.put(entry.shapeKey, bucket);
      return;
    }
    entry.previous = bucket.last;
    bucket.last.next = entry;
    bucket.last = entry;
  }

  void remove(QueueEntry<T> entry) {
    QueueEntry<T> previous = entry.previous;
    QueueEntry<T> next = entry.next;
    if (previous == null || next == null) {
      removeEnd(entry, previous, next);
    } else {
      previous.next = next;
      next.previous = previous;
    }
    entry.previous = null;
    entry.next = null;
  }

  private void removeEnd(
      QueueEntry<T> entry, @Nullable QueueEntry<T> previous, @Nullable QueueEntry<T> next) {
    Bucket<T> bucket = byKey.get(entry.shapeKey);
    if (bucket == null) {
      throw new IllegalStateException("an entry without its bucket");
    }
    if (previous != null) {
      previous.next = null;
      bucket.last = previous;
      return;
    }
    byAge.remove(bucket);
    if (next == null) {
      byKey.remove(entry.shapeKey);
      return;
    }
    next.previous = null;
    bucket.first = next;
    byAge.add(bucket);
  }
}
