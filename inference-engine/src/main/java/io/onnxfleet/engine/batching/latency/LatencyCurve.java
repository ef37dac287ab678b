package io.onnxfleet.engine.batching.latency;

import org.jspecify.annotations.Nullable;

/**
 * What a {@link LatencyModel} knew at a moment: nanoseconds of a batch by rows and padded length,
 * non-decreasing in rows. Immutable; a prediction costs two searches in a few dozen numbers.
 */
public final class LatencyCurve {
  private static final int KNOWN_AFTER = 8;
  private static final double MOST_ERROR = 0.5;
  private static final int EXPLORED_AFTER = 3;
  private static final int UNKNOWN = -1;

  /** How much of the best throughput a batch may give up for being smaller. */
  private static final double SMALLER = 0.03;

  private static final double LARGER = 0.015;

  /**
   * The share of a tolerance by which a size may fall further behind before it is given up, and by
   * which a smaller one has to be better than needed: means are not more exact than that, and a
   * size that changes with every few observations makes latencies vary as the batches do.
   */
  private static final double MARGIN = 0.5;

  private final Rungs rowRungs;
  private final Rungs lengthRungs;
  private final double[][] nanos;
  private final int[][] seen;
  private final long observations;
  private final double error;
  private final int[] smallBest;
  private final int[] largeBest;

  LatencyCurve(
      Rungs rowRungs,
      Rungs lengthRungs,
      double[][] nanos,
      int[][] seen,
      long observations,
      double error,
      @Nullable LatencyCurve before) {
    this.rowRungs = rowRungs;
    this.lengthRungs = lengthRungs;
    this.nanos = nanos;
    this.seen = seen;
    this.observations = observations;
    this.error = error;
    smallBest = new int[nanos.length];
    largeBest = new int[nanos.length];
    LatencyCurve last =
        before != null && before.isKnown() && before.nanos.length == nanos.length ? before : null;
    for (int length = 0; length < nanos.length; length++) {
      smallBest[length] =
          bestRung(nanos[length], SMALLER, last == null ? UNKNOWN : last.smallBest[length]);
      largeBest[length] =
          bestRung(nanos[length], LARGER, last == null ? UNKNOWN : last.largeBest[length]);
    }
  }

  static LatencyCurve unknown(Rungs rowRungs) {
    return new LatencyCurve(
        rowRungs,
        Rungs.upTo(1),
        new double[1][rowRungs.count()],
        new int[1][rowRungs.count()],
        0,
        1,
        null);
  }

  /** The smallest rung within the tolerance, or the one before while nothing speaks against it. */
  private int bestRung(double[] byRows, double tolerance, int before) {
    double best = 0;
    for (int rung = 0; rung < byRows.length; rung++) {
      best = Math.max(best, throughput(byRows, rung));
    }
    if (before != UNKNOWN
        && throughput(byRows, before) >= (1 - (1 + MARGIN) * tolerance) * best
        && before <= smallest(byRows, (1 - (1 - MARGIN) * tolerance) * best)) {
      return before;
    }
    return smallest(byRows, (1 - tolerance) * best);
  }

  private int smallest(double[] byRows, double leastThroughput) {
    int chosen = 0;
    while (throughput(byRows, chosen) < leastThroughput) {
      chosen++;
    }
    return chosen;
  }

  private double throughput(double[] byRows, int rung) {
    return rowRungs.size(rung) / Math.max(1, byRows[rung]);
  }

  /** True once there are enough observations to decide by. */
  public boolean isKnown() {
    return observations >= KNOWN_AFTER;
  }

  /** True if it is known and predicts well enough to refuse requests by. */
  public boolean isConfident() {
    return isKnown() && error <= MOST_ERROR;
  }

  /** By what share predictions were wrong lately, 0 to 1. */
  public double error() {
    return error;
  }

  /** Nanoseconds of a batch; meaningless unless {@link #isKnown()}. */
  public long nanos(int rows, long length) {
    if (nanos.length == 1) {
      return (long) ofRows(nanos[0], rows);
    }
    int below = lengthRungs.below(length);
    double low = ofRows(nanos[below], rows);
    if (below + 1 == nanos.length) {
      return (long) (low * Math.max(1, (double) length / lengthRungs.size(below)));
    }
    int from = lengthRungs.size(below);
    double share = (double) (length - from) / (lengthRungs.size(below + 1) - from);
    return (long) (low + Math.max(0, share) * (ofRows(nanos[below + 1], rows) - low));
  }

  private double ofRows(double[] byRows, int rows) {
    int below = rowRungs.below(rows);
    int top = rowRungs.count() - 1;
    if (top == 0) {
      return byRows[0] * rows / rowRungs.size(0);
    }
    int from = Math.min(below, top - 1);
    double slope =
        (byRows[from + 1] - byRows[from]) / (rowRungs.size(from + 1) - rowRungs.size(from));
    return byRows[from] + (rows - rowRungs.size(from)) * slope;
  }

  /**
   * The smallest batch whose throughput is within about three hundredths of the best, or half of
   * that if {@code hurried}; one that was it stays so until it clearly is no more.
   */
  public int bestRows(long length, boolean hurried) {
    return rowRungs.size((hurried ? largeBest : smallBest)[lengthIndex(length)]);
  }

  /** {@link #bestRows}, or the next larger batch while too little is known of that one. */
  public int rowsToTry(long length, boolean hurried) {
    int index = lengthIndex(length);
    int rung = (hurried ? largeBest : smallBest)[index];
    int next = Math.min(rung + 1, rowRungs.count() - 1);
    return rowRungs.size(seen[index][next] < EXPLORED_AFTER ? next : rung);
  }

  /** Nanoseconds that a row costs in a batch of {@link #bestRows}. */
  public double nanosPerRow(long length) {
    int rows = bestRows(length, false);
    return (double) nanos(rows, length) / rows;
  }

  private int lengthIndex(long length) {
    return nanos.length == 1 ? 0 : lengthRungs.nearest(length);
  }
}
