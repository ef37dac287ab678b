package io.onnxfleet.benchmarks.bench;

import java.util.ArrayList;
import java.util.List;

/** The points of load that a range names. */
final class Sweep {
  private static final int MOST_POINTS = 100;

  private Sweep() {}

  /** {@code 64} is one number of callers; {@code 1:64} is 1, 2, 4 and so on, and 64. */
  static List<Integer> doubling(String text) {
    String[] parts = text.split(":", -1);
    if (parts.length > 2) {
      throw new IllegalArgumentException("'" + text + "' (expected: N or FROM:TO)");
    }
    int from = whole(parts[0], text);
    int to = parts.length == 1 ? from : whole(parts[1], text);
    requireOrder(from, to, text);
    List<Integer> points = new ArrayList<>();
    for (long next = from; next < to; next *= 2) {
      points.add((int) next);
    }
    points.add(to);
    return List.copyOf(points);
  }

  /** {@code 100} is one rate a second; {@code 50:400:50} is 50, 100 and so on to 400. */
  static List<Double> stepping(String text) {
    String[] parts = text.split(":", -1);
    if (parts.length != 1 && parts.length != 3) {
      throw new IllegalArgumentException("'" + text + "' (expected: RATE or FROM:TO:STEP)");
    }
    double from = above0(parts[0], text);
    if (parts.length == 1) {
      return List.of(from);
    }
    double to = above0(parts[1], text);
    double step = above0(parts[2], text);
    requireOrder(from, to, text);
    if ((to - from) / step >= MOST_POINTS) {
      throw new IllegalArgumentException(
          "'" + text + "' (expected: at most " + MOST_POINTS + " points)");
    }
    List<Double> points = new ArrayList<>();
    for (int i = 0; from + i * step <= to * (1 + 1e-9); i++) {
      points.add(from + i * step);
    }
    return List.copyOf(points);
  }

  private static int whole(String part, String text) {
    try {
      int value = Integer.parseInt(part);
      if (value >= 1 && value <= 100_000) {
        return value;
      }
    } catch (NumberFormatException e) {
      // told below
    }
    throw new IllegalArgumentException("'" + text + "' (expected: whole numbers from 1 to 100000)");
  }

  private static double above0(String part, String text) {
    try {
      double value = Double.parseDouble(part);
      if (value > 0 && value <= 1e6) {
        return value;
      }
    } catch (NumberFormatException e) {
      // told below
    }
    throw new IllegalArgumentException("'" + text + "' (expected: numbers above 0, to 1000000)");
  }

  private static void requireOrder(double from, double to, String text) {
    if (from > to) {
      throw new IllegalArgumentException("'" + text + "' (expected: the lower number first)");
    }
  }
}
