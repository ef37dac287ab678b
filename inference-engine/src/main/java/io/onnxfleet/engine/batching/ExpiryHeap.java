package io.onnxfleet.engine.batching;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Entries by the moment at which something happens to them, the next one first, and of those that
 * share a moment the one that came first: a binary heap in which each entry knows its index, so
 * that one which leaves earlier is removed in O(log n) and nothing dead is kept. Not thread-safe.
 */
final class ExpiryHeap<T extends BatchItem> {
  static final int ABSENT = -1;

  // INVARIANT: heap[i].heapIndex == i, and heap[(i - 1) / 2] expires no later than heap[i].
  private final List<QueueEntry<T>> heap = new ArrayList<>();

  @Nullable QueueEntry<T> first() {
    return heap.isEmpty() ? null : heap.getFirst();
  }

  void add(QueueEntry<T> entry) {
    heap.add(entry);
    siftUp(entry, heap.size() - 1);
  }

  /** Does nothing if the entry is not there. */
  void remove(QueueEntry<T> entry) {
    int index = entry.heapIndex;
    if (index == ABSENT) {
      return;
    }
    entry.heapIndex = ABSENT;
    QueueEntry<T> last = heap.removeLast();
    if (last == entry) {
      return;
    }
    if (index > 0 && isEarlier(last, heap.get((index - 1) / 2))) {
      siftUp(last, index);
    } else {
      siftDown(last, index);
    }
  }

  private void siftUp(QueueEntry<T> entry, int from) {
    int index = from;
    while (index > 0) {
      int parent = (index - 1) / 2;
      if (!isEarlier(entry, heap.get(parent))) {
        break;
      }
      put(heap.get(parent), index);
      index = parent;
    }
    put(entry, index);
  }

  private void siftDown(QueueEntry<T> entry, int from) {
    int index = from;
    while (2 * index + 1 < heap.size()) {
      int child = 2 * index + 1;
      if (child + 1 < heap.size() && isEarlier(heap.get(child + 1), heap.get(child))) {
        child++;
      }
      if (!isEarlier(heap.get(child), entry)) {
        break;
      }
      put(heap.get(child), index);
      index = child;
    }
    put(entry, index);
  }

  private void put(QueueEntry<T> entry, int index) {
    heap.set(index, entry);
    entry.heapIndex = index;
  }

  private boolean isEarlier(QueueEntry<T> one, QueueEntry<T> other) {
    long ahead = one.expiryNanos - other.expiryNanos;
    return ahead < 0 || (ahead == 0 && one.sequence < other.sequence);
  }
}
