package io.onnxfleet.engine.instance;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a run of one model version takes, by what its runs took.
 *
 * <ul>
 *   <li>Runs of the same input shapes take the same, until one is seen to take more.
 *   <li>Others are estimated by the bytes of their inputs, in proportion between the next smaller
 *       and the next larger run, and beyond. As nothing bounds how a model's memory grows, {@link
 *       #isFarFrom} says where an estimate is a guess.
 *   <li>Before anything was measured, a run is taken for {@value #FIRST_GUESS} times its inputs.
 * </ul>
 *
 * <p>Thread-safe. Holds {@value #MOST_SHAPES} combinations of shapes, those seen last, and {@value
 * #MOST_SIZES} sizes.
 */
final class MemoryEstimates {
  static final int MOST_SHAPES = 512;
  static final int MOST_SIZES = 64;
  static final int FIRST_GUESS = 32;

  /** How many times as large as the largest run before an estimate may be for. */
  private static final int NEAR = 4;

  @GuardedBy("this")
  private final Map<Object, Long> byShapes =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Object, Long> eldest) {
          return size() > MOST_SHAPES;
        }
      };

  /** Bytes of inputs to what the run took, both measured. */
  @GuardedBy("this")
  private final TreeMap<Long, Long> bySize = new TreeMap<>();

  /**
   * What a run of these shapes takes.
   *
   * @param shapes of its inputs
   * @param inputBytes of all inputs together
   */
  synchronized long of(Object shapes, long inputBytes) {
    Long known = byShapes.get(shapes);
    return known != null ? known : of(inputBytes);
  }

  /** What a run takes of which only the size is known. */
  synchronized long of(long inputBytes) {
    Map.Entry<Long, Long> smaller = bySize.floorEntry(inputBytes);
    Map.Entry<Long, Long> larger = bySize.ceilingEntry(inputBytes);
    if (larger == null) {
      double factor =
          smaller == null
              ? FIRST_GUESS
              : (double) smaller.getValue() / Math.max(1, smaller.getKey());
      return (long) Math.min(Long.MAX_VALUE / 4.0, Math.ceil(inputBytes * factor));
    }
    long fromSize = smaller == null ? 0 : smaller.getKey();
    long fromBytes = smaller == null ? 0 : smaller.getValue();
    if (larger.getKey() == fromSize) {
      return larger.getValue();
    }
    double share = (double) (inputBytes - fromSize) / (larger.getKey() - fromSize);
    return fromBytes + (long) Math.ceil(share * (larger.getValue() - fromBytes));
  }

  /** How many rows of that size take no more; at least 1. */
  synchronized long rowsWithin(long mostBytes, long rowBytes) {
    double perByte =
        bySize.isEmpty()
            ? FIRST_GUESS
            : (double) bySize.lastEntry().getValue() / Math.max(1, bySize.lastKey());
    return Math.max(1, (long) (mostBytes / Math.max(1, perByte * rowBytes)));
  }

  /**
   * True if a run is so much larger than all before that its estimate is little more than a guess.
   */
  synchronized boolean isFarFrom(long inputBytes) {
    return bySize.isEmpty() || inputBytes > NEAR * bySize.lastKey();
  }

  /**
   * A run took at most {@code mostBytes}.
   *
   * @param exact true if it took so much indeed
   */
  synchronized void observed(Object shapes, long inputBytes, long mostBytes, boolean exact) {
    if (exact) {
      byShapes.merge(shapes, mostBytes, Math::max);
      bySize.merge(inputBytes, mostBytes, Math::max);
      if (bySize.size() > MOST_SIZES) {
        // The largest matter most: of them all others are estimated.
        bySize.pollFirstEntry();
      }
    } else if (!byShapes.containsKey(shapes)) {
      byShapes.put(shapes, bySize.isEmpty() ? mostBytes : Math.min(mostBytes, of(inputBytes)));
    }
  }
}
