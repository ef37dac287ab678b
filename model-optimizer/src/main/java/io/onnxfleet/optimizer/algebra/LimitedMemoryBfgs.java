package io.onnxfleet.optimizer.algebra;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;

/**
 * Finds the minimum of a smooth convex function of many variables by L-BFGS: the two-loop recursion
 * of Nocedal and Wright, Numerical Optimization, second edition, 2006, algorithms 7.4 and 7.5, with
 * a line search that halves the step until the function decreases enough (the same, algorithm 3.1).
 *
 * <p>Nothing is random: the same function gives the same answer, bit for bit. Holds {@value
 * #CORRECTIONS} pairs of vectors as long as the argument. Stateless, thread-safe.
 */
public final class LimitedMemoryBfgs {
  private static final int CORRECTIONS = 10;
  private static final double SUFFICIENT_DECREASE = 1e-4;
  private static final int MOST_HALVINGS = 50;

  private final double tolerance;
  private final int mostIterations;

  /**
   * @param tolerance it ends where no partial derivative is larger
   * @param mostIterations it ends after so many in any case
   */
  public LimitedMemoryBfgs(double tolerance, int mostIterations) {
    this.tolerance = tolerance;
    this.mostIterations = mostIterations;
  }

  /** A function with its derivatives. */
  @FunctionalInterface
  public interface Objective {
    /**
     * Its value at a point.
     *
     * @param gradient where the derivatives go, whatever it held
     */
    double at(double[] point, double[] gradient);
  }

  /**
   * Where it ended.
   *
   * @param converged false if that was for the number of iterations, or for want of a smaller value
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over once
  public record Minimum(double[] point, double value, int iterations, boolean converged) {}

  /** A step and the change of the gradient over it. */
  @SuppressWarnings("ArrayRecordComponent") // of this class alone
  private record Correction(double[] step, double[] change, double inverseProduct) {}

  /** The minimum, from a starting point on, which is left as it is. */
  public Minimum minimize(Objective objective, double[] start) {
    double[] point = start.clone();
    double[] gradient = new double[point.length];
    double value = objective.at(point, gradient);
    Deque<Correction> corrections = new ArrayDeque<>();
    for (int iteration = 0; iteration < mostIterations; iteration++) {
      if (largest(gradient) <= tolerance) {
        return new Minimum(point, value, iteration, true);
      }
      double[] direction = direction(corrections, gradient);
      double slope = dot(direction, gradient);
      double step = corrections.isEmpty() ? 1 / Math.sqrt(dot(gradient, gradient)) : 1;
      double[] next = new double[point.length];
      double[] nextGradient = new double[point.length];
      double nextValue = Double.NaN;
      boolean found = false;
      for (int halving = 0; halving < MOST_HALVINGS && !found; halving++) {
        for (int index = 0; index < point.length; index++) {
          next[index] = point[index] + step * direction[index];
        }
        nextValue = objective.at(next, nextGradient);
        found = nextValue <= value + SUFFICIENT_DECREASE * step * slope;
        step /= 2;
      }
      if (!found) {
        return new Minimum(point, value, iteration, false);
      }
      remember(corrections, difference(next, point), difference(nextGradient, gradient));
      point = next;
      gradient = nextGradient;
      value = nextValue;
    }
    return new Minimum(point, value, mostIterations, largest(gradient) <= tolerance);
  }

  private static void remember(Deque<Correction> corrections, double[] step, double[] change) {
    double product = dot(step, change);
    // INVARIANT: every pair curves upwards, or the direction might not descend.
    if (product > 1e-16 * dot(change, change)) {
      if (corrections.size() == CORRECTIONS) {
        corrections.removeFirst();
      }
      corrections.addLast(new Correction(step, change, 1 / product));
    }
  }

  /** The two loops: the gradient times the inverse of the curvature as far as it is known. */
  private static double[] direction(Deque<Correction> corrections, double[] gradient) {
    double[] direction = gradient.clone();
    double[] shares = new double[corrections.size()];
    Iterator<Correction> newestFirst = corrections.descendingIterator();
    for (int index = corrections.size() - 1; index >= 0; index--) {
      Correction one = newestFirst.next();
      shares[index] = one.inverseProduct() * dot(one.step(), direction);
      add(direction, -shares[index], one.change());
    }
    if (!corrections.isEmpty()) {
      Correction newest = corrections.getLast();
      scale(direction, 1 / (newest.inverseProduct() * dot(newest.change(), newest.change())));
    }
    int index = 0;
    for (Correction one : corrections) {
      double share = one.inverseProduct() * dot(one.change(), direction);
      add(direction, shares[index++] - share, one.step());
    }
    scale(direction, -1);
    return direction;
  }

  private static double largest(double[] values) {
    double largest = 0;
    for (double value : values) {
      largest = Math.max(largest, Math.abs(value));
    }
    return largest;
  }

  private static double dot(double[] one, double[] other) {
    double sum = 0;
    for (int index = 0; index < one.length; index++) {
      sum += one[index] * other[index];
    }
    return sum;
  }

  private static double[] difference(double[] one, double[] other) {
    double[] difference = new double[one.length];
    for (int index = 0; index < one.length; index++) {
      difference[index] = one[index] - other[index];
    }
    return difference;
  }

  private static void add(double[] values, double share, double[] others) {
    for (int index = 0; index < values.length; index++) {
      values[index] += share * others[index];
    }
  }

  private static void scale(double[] values, double scale) {
    for (int index = 0; index < values.length; index++) {
      values[index] *= scale;
    }
  }
}
