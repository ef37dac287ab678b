package io.onnxfleet.engine.batching.latency;

import com.google.errorprone.annotations.concurrent.GuardedBy;

/**
 * Learns how long batches take, by their rows and the length that they were padded to. Begins
 * knowing nothing and keeps nothing beyond its own life. Thread-safe; bounded by the number of
 * rungs.
 */
public final class LatencyModel {
  /*
   * Observations are kept as robust means in a grid of sizes. From the grid follow, every few
   * observations,
   *
   *   1. a line through all of it: LatencyFit. It says what sizes cost that were never seen.
   *   2. a correction for each rung of rows: how the mean there compares with the line, shrunk
   *      towards 1 while there are few observations, interpolated where there are none.
   *   3. the least-squares non-decreasing curve through the corrected points, by pooling adjacent
   *      violators (M. Ayer, H. Brunk, G. Ewing, W. Reid, E. Silverman, "An Empirical Distribution
   *      Function for Sampling with Incomplete Information", 1955): a larger batch is never
   *      predicted to be faster, so that what is derived from the curve does not jump.
   *
   * The clamped means are Huber's estimator by stochastic approximation (P. Huber, "Robust
   * Estimation of a Location Parameter", 1964; H. Robbins, S. Monro, 1951). Old cells fade in the
   * fit but never disappear: under a steady load only one size is seen, and what was learned of the
   * others is still the best that is known. But it counts as little explored, so that a larger size is
   * tried again now and then: what made it slow, a cold start or a busy machine, may be over.
   */
  private static final int LONGEST = 1 << 15;
  private static final int SHRINKAGE = 4;
  private static final double HALF_LIFE = 512;
  private static final double LEAST_WEIGHT = 0.02;
  private static final double UNSEEN_WEIGHT = 0.05;
  private static final double ERROR_STEP = 1.0 / 32;
  private static final int EARLY = 64;
  private static final int EARLY_INTERVAL = 4;
  private static final int INTERVAL = 16;

  private final Rungs rowRungs;
  private final Rungs lengthRungs = Rungs.upTo(LONGEST);

  @GuardedBy("this")
  private final LatencyCell[][] cells;

  @GuardedBy("this")
  private long observations;

  @GuardedBy("this")
  private boolean hasLengths;

  @GuardedBy("this")
  private double error = 1;

  private volatile LatencyCurve curve;

  /** A model that knows nothing, of batches of up to {@code maxRows} rows. */
  public LatencyModel(int maxRows) {
    rowRungs = Rungs.upTo(maxRows);
    cells = new LatencyCell[lengthRungs.count()][rowRungs.count()];
    for (LatencyCell[] row : cells) {
      for (int index = 0; index < row.length; index++) {
        row[index] = new LatencyCell();
      }
    }
    curve = LatencyCurve.unknown(rowRungs);
  }

  /** What is known at this moment; immutable. */
  public LatencyCurve curve() {
    return curve;
  }

  /**
   * A batch was executed.
   *
   * @param length what its rows were padded to; 0 if rows have no variable length
   */
  public synchronized void record(int rows, long length, long nanos) {
    if (rows < 1 || nanos < 1) {
      return;
    }
    if (curve.isKnown()) {
      double relative = Math.abs((double) nanos / curve.nanos(rows, length) - 1);
      error += ERROR_STEP * (Math.min(1, relative) - error);
    }
    observations++;
    hasLengths |= length > 0;
    cells[lengthRungs.nearest(length)][rowRungs.nearest(rows)].observe(
        rows, length, nanos, observations);
    int interval = observations < EARLY ? EARLY_INTERVAL : INTERVAL;
    if (observations % interval == 0) {
      curve = learn();
    }
  }

  @GuardedBy("this")
  private LatencyCurve learn() {
    LatencyFit fit = new LatencyFit();
    for (LatencyCell[] row : cells) {
      for (LatencyCell cell : row) {
        if (cell.count() > 0) {
          double age = (observations - cell.lastObservation()) / HALF_LIFE;
          double weight = Math.max(LEAST_WEIGHT, Math.pow(2, -age)) * trust(cell);
          fit.add(cell.rows(), cell.length(), cell.nanos(), weight);
        }
      }
    }
    fit.solve();
    int lengths = hasLengths ? lengthRungs.count() : 1;
    double[][] nanos = new double[lengths][];
    int[][] seen = new int[lengths][rowRungs.count()];
    for (int length = 0; length < lengths; length++) {
      nanos[length] = corrected(fit, cells[length], hasLengths ? lengthRungs.size(length) : 0);
      for (int row = 0; row < rowRungs.count(); row++) {
        seen[length][row] = cells[length][row].recentCount(observations);
      }
    }
    return new LatencyCurve(rowRungs, lengthRungs, nanos, seen, observations, error, curve);
  }

  private static double trust(LatencyCell cell) {
    return (double) cell.count() / (cell.count() + SHRINKAGE);
  }

  /** The non-decreasing nanoseconds of each rung of rows, at one length. */
  private double[] corrected(LatencyFit fit, LatencyCell[] row, int length) {
    double[] correction = new double[row.length];
    int last = -1;
    for (int index = 0; index < row.length; index++) {
      LatencyCell cell = row[index];
      if (cell.count() == 0) {
        continue;
      }
      double expected = fit.nanos(cell.rows(), cell.length());
      correction[index] = 1 + (cell.nanos() / expected - 1) * trust(cell);
      for (int between = last + 1; between < index; between++) {
        double share = last < 0 ? 1 : (double) (between - last) / (index - last);
        correction[between] =
            share * correction[index] + (last < 0 ? 0 : (1 - share) * correction[last]);
      }
      last = index;
    }
    double[] nanos = new double[row.length];
    double[] weights = new double[row.length];
    for (int index = 0; index < row.length; index++) {
      double factor = last < 0 ? 1 : correction[Math.min(index, last)];
      nanos[index] = factor * fit.nanos(rowRungs.size(index), length);
      weights[index] = row[index].count() + UNSEEN_WEIGHT;
    }
    return nonDecreasing(nanos, weights);
  }

  /** Pools adjacent violators. */
  private static double[] nonDecreasing(double[] values, double[] weights) {
    double[] blockValue = new double[values.length];
    double[] blockWeight = new double[values.length];
    int[] blockEnd = new int[values.length];
    int blocks = 0;
    for (int index = 0; index < values.length; index++) {
      blockValue[blocks] = values[index];
      blockWeight[blocks] = weights[index];
      blockEnd[blocks] = index + 1;
      blocks++;
      while (blocks > 1 && blockValue[blocks - 2] > blockValue[blocks - 1]) {
        double weight = blockWeight[blocks - 2] + blockWeight[blocks - 1];
        blockValue[blocks - 2] =
            (blockValue[blocks - 2] * blockWeight[blocks - 2]
                    + blockValue[blocks - 1] * blockWeight[blocks - 1])
                / weight;
        blockWeight[blocks - 2] = weight;
        blockEnd[blocks - 2] = blockEnd[blocks - 1];
        blocks--;
      }
    }
    double[] fitted = new double[values.length];
    int index = 0;
    for (int block = 0; block < blocks; block++) {
      while (index < blockEnd[block]) {
        fitted[index++] = blockValue[block];
      }
    }
    return fitted;
  }
}
