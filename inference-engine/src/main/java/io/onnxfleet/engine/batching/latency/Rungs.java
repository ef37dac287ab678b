package io.onnxfleet.engine.batching.latency;

import java.util.Arrays;

/** Ascending sizes, between which is interpolated. Immutable. */
final class Rungs {
  /** No batch and no sequence is taken to be larger. */
  private static final int LARGEST = 1 << 16;

  private final int[] sizes;

  private Rungs(int[] sizes) {
    this.sizes = sizes;
  }

  /** 1, 2, 3, 4, 6, 8, 12, 16 and so on: two to a doubling, up to {@code largest}, which is one. */
  static Rungs upTo(int largest) {
    int top = Math.clamp(largest, 1, LARGEST);
    int[] sizes = new int[48];
    int count = 0;
    for (int power = 1; power < top; power *= 2) {
      sizes[count++] = power;
      int between = power + power / 2;
      if (between > power && between < top) {
        sizes[count++] = between;
      }
    }
    sizes[count++] = top;
    return new Rungs(Arrays.copyOf(sizes, count));
  }

  int count() {
    return sizes.length;
  }

  int size(int index) {
    return sizes[index];
  }

  /** The last rung that is not above the size; the first one if all are. */
  int below(long size) {
    int key = Math.clamp(size, 0, LARGEST);
    int found = Arrays.binarySearch(sizes, key);
    return Math.max(0, found >= 0 ? found : -found - 2);
  }

  /** The rung whose ratio to the size is closest to 1. */
  int nearest(long size) {
    int below = below(size);
    if (below + 1 == sizes.length) {
      return below;
    }
    double above = (double) sizes[below + 1] / Math.max(1, size);
    return Math.max(1, size) / (double) sizes[below] <= above ? below : below + 1;
  }
}
