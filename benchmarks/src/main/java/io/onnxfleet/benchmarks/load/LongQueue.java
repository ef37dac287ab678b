package io.onnxfleet.benchmarks.load;

import java.util.Arrays;
import java.util.NoSuchElementException;

/** First in, first out, without an object an element. Grows as needed. Not thread-safe. */
final class LongQueue {
  private long[] ring = new long[64];
  private int first;
  private int size;

  void add(long value) {
    if (size == ring.length) {
      grow();
    }
    ring[(first + size) & (ring.length - 1)] = value;
    size++;
  }

  long remove() {
    if (size == 0) {
      throw new NoSuchElementException();
    }
    long value = ring[first];
    first = (first + 1) & (ring.length - 1);
    size--;
    return value;
  }

  boolean isEmpty() {
    return size == 0;
  }

  int size() {
    return size;
  }

  /** INVARIANT: the length is a power of two. */
  private void grow() {
    long[] longer = Arrays.copyOfRange(ring, first, first + Math.multiplyExact(2, ring.length));
    System.arraycopy(ring, 0, longer, ring.length - first, first);
    ring = longer;
    first = 0;
  }
}
