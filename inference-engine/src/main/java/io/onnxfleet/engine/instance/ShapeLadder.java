package io.onnxfleet.engine.instance;

/**
 * The few shapes that a model is run with, for execution providers that pay for each new one: rows
 * and padded length are rounded up to rungs. Immutable.
 *
 * @param maxRows the highest rung of rows; 0 if shapes are left as they are
 */
public record ShapeLadder(int maxRows) {
  /** Shapes as they come. */
  public static final ShapeLadder NONE = new ShapeLadder(0);

  private static final long SHORTEST = 16;

  /** Up to there lengths double from rung to rung, above they grow by that much. */
  private static final long LAST_DOUBLED = 128;

  public ShapeLadder {
    if (maxRows < 0) {
      throw new IllegalArgumentException("max-rows: " + maxRows + " (expected: >= 0)");
    }
  }

  boolean isNone() {
    return maxRows == 0;
  }

  /** The power of two that holds so many rows, or the most rows of a batch. */
  long rows(long rows) {
    if (isNone() || rows < 1 || rows >= maxRows) {
      return rows;
    }
    long power = Long.highestOneBit(rows);
    return Math.min(maxRows, power == rows ? rows : 2 * power);
  }

  /** 16, 32, 64, 128, 256, 384 and so on; 0, which stands for no length, stays 0. */
  long length(long length) {
    if (isNone() || length < 1) {
      return length;
    }
    if (length > LAST_DOUBLED) {
      return Math.ceilDiv(length, LAST_DOUBLED) * LAST_DOUBLED;
    }
    long power = Long.highestOneBit(length);
    return Math.max(SHORTEST, power == length ? length : 2 * power);
  }
}
