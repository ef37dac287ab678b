package io.onnxfleet.engine.batching.latency;

/**
 * A line through what was observed: {@code fixed + rows * (perRow + length * perElement)}
 * nanoseconds, none of the three negative. Immutable once solved.
 */
final class LatencyFit {
  /*
   * Weighted least squares of the relative error, with a slight ridge, over the seven sets of
   * coefficients that are not held at 0: the non-negative optimum of three unknowns is the best of
   * these that is non-negative (C. Lawson, R. Hanson, "Solving Least Squares Problems", 1974,
   * chapter 23, where larger problems need an active set).
   *
   * The ridge decides only what the observations leave open. Batches of one size could cost by the
   * batch or by the row; taken by the batch, larger ones seem cheap and are tried. Sequences of one
   * length could cost by the row or by the element; taken by the element, shorter ones seem cheap.
   */
  private static final double[] RIDGE = {1e-7, 1e-4, 2e-5};
  private static final int UNKNOWNS = 3;

  private final double[][] gram = new double[UNKNOWNS][UNKNOWNS];
  private final double[] moment = new double[UNKNOWNS];
  private final double[] solution = new double[UNKNOWNS];

  void add(double rows, double length, double nanos, double weight) {
    double[] features = {1 / nanos, rows / nanos, rows * length / nanos};
    for (int i = 0; i < UNKNOWNS; i++) {
      moment[i] += weight * features[i];
      for (int j = 0; j < UNKNOWNS; j++) {
        gram[i][j] += weight * features[i] * features[j];
      }
    }
  }

  LatencyFit solve() {
    double[] scale = new double[UNKNOWNS];
    for (int i = 0; i < UNKNOWNS; i++) {
      scale[i] = gram[i][i] > 0 ? 1 / Math.sqrt(gram[i][i]) : 0;
    }
    double best = 0;
    for (int set = 1; set < 1 << UNKNOWNS; set++) {
      double[] candidate = solve(set, scale);
      double loss = loss(candidate, scale);
      if (isNonNegative(candidate) && loss < best) {
        best = loss;
        for (int i = 0; i < UNKNOWNS; i++) {
          solution[i] = candidate[i] * scale[i];
        }
      }
    }
    return this;
  }

  double nanos(double rows, double length) {
    return solution[0] + rows * (solution[1] + length * solution[2]);
  }

  private double scaled(int i, int j, double[] scale) {
    return gram[i][j] * scale[i] * scale[j] + (i == j ? RIDGE[i] : 0);
  }

  /** Gaussian elimination over the unknowns of the set; the others are 0. */
  private double[] solve(int set, double[] scale) {
    double[][] rows = new double[UNKNOWNS][UNKNOWNS + 1];
    for (int i = 0; i < UNKNOWNS; i++) {
      boolean held = (set & 1 << i) == 0 || scale[i] == 0;
      for (int j = 0; j < UNKNOWNS; j++) {
        boolean open = !held && (set & 1 << j) != 0 && scale[j] != 0;
        rows[i][j] = open ? scaled(i, j, scale) : (i == j ? 1 : 0);
      }
      rows[i][UNKNOWNS] = held ? 0 : moment[i] * scale[i];
    }
    // Symmetric and positive definite thanks to the ridge, so no pivot is 0.
    for (int pivot = 0; pivot < UNKNOWNS; pivot++) {
      for (int i = pivot + 1; i < UNKNOWNS; i++) {
        double factor = rows[i][pivot] / rows[pivot][pivot];
        for (int j = pivot; j <= UNKNOWNS; j++) {
          rows[i][j] -= factor * rows[pivot][j];
        }
      }
    }
    double[] solved = new double[UNKNOWNS];
    for (int i = UNKNOWNS - 1; i >= 0; i--) {
      double sum = rows[i][UNKNOWNS];
      for (int j = i + 1; j < UNKNOWNS; j++) {
        sum -= rows[i][j] * solved[j];
      }
      solved[i] = sum / rows[i][i];
    }
    return solved;
  }

  private double loss(double[] candidate, double[] scale) {
    double loss = 0;
    for (int i = 0; i < UNKNOWNS; i++) {
      loss -= 2 * candidate[i] * moment[i] * scale[i];
      for (int j = 0; j < UNKNOWNS; j++) {
        loss += candidate[i] * candidate[j] * scaled(i, j, scale);
      }
    }
    return loss;
  }

  private static boolean isNonNegative(double[] candidate) {
    for (double coefficient : candidate) {
      if (!(coefficient >= 0)) {
        return false;
      }
    }
    return true;
  }
}
