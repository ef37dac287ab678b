package io.onnxfleet.engine.batching.latency;

/**
 * What batches of about one size took: running means, robust to outliers. Not thread-safe.
 *
 * <pre>
 * step = max(1 / count, 1 / 16)
 * mean += step * clamp(observed - mean, -3 * deviation, 3 * deviation)
 * </pre>
 *
 * A single outlier moves the mean by three deviations' share at most; a lasting change widens the
 * deviation with each observation, so that the mean follows within a few dozen. Where no batch of
 * the size was executed for long, what is known of it counts as one observation: it may be from
 * when the process was cold.
 */
final class LatencyCell {
  private static final double SLOWEST_STEP = 1.0 / 16;
  private static final double CLAMP = 3;

  /** The deviation is taken to be at least that share of the mean. */
  private static final double LEAST_DEVIATION = 0.02;

  /** As long as a cell is that young, an observation of half its mean shows that it began cold. */
  private static final int YOUNG = 8;

  /** So many observations of other sizes make what is known of this one old. */
  private static final int OLD_AFTER = 512;

  private int count;
  private double rows;
  private double length;
  private double nanos;
  private double deviation;
  private long lastObservation;

  /**
   * Takes an observation in.
   *
   * @param number how many observations there were of any size
   */
  void observe(int observedRows, long observedLength, long observedNanos, long number) {
    count = recentCount(number);
    if (count > 0 && count <= YOUNG && observedNanos < nanos / 2) {
      count = 0;
      rows = 0;
      length = 0;
      nanos = 0;
      deviation = 0;
    }
    count++;
    lastObservation = number;
    double step = Math.max(1.0 / count, SLOWEST_STEP);
    rows += step * (observedRows - rows);
    length += step * (observedLength - length);
    double surprise = observedNanos - nanos;
    if (count > 1) {
      double limit = CLAMP * Math.max(deviation, LEAST_DEVIATION * nanos);
      surprise = count > YOUNG ? Math.clamp(surprise, -limit, limit) : surprise;
      deviation += step * (Math.abs(surprise) - deviation);
    }
    nanos += step * surprise;
  }

  int count() {
    return count;
  }

  /** How many observations what is known is worth after so many of any size. */
  int recentCount(long number) {
    return number - lastObservation > OLD_AFTER ? Math.min(count, 1) : count;
  }

  double rows() {
    return rows;
  }

  double length() {
    return length;
  }

  double nanos() {
    return nanos;
  }

  /** The number of the last observation that it took in. */
  long lastObservation() {
    return lastObservation;
  }
}
