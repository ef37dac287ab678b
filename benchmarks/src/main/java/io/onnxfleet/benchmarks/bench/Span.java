package io.onnxfleet.benchmarks.bench;

import java.util.random.RandomGenerator;

/** A whole number, or any of some: {@code 32}, or {@code 8:128}. */
record Span(int from, int to) {
  Span {
    if (from < 1 || to < from || to > 1_000_000) {
      throw new IllegalArgumentException(
          from + ":" + to + " (expected: 1 to 1000000, the lower number first)");
    }
  }

  static Span parse(String text) {
    String[] parts = text.split(":", -1);
    try {
      if (parts.length <= 2) {
        return new Span(Integer.parseInt(parts[0]), Integer.parseInt(parts[parts.length - 1]));
      }
    } catch (NumberFormatException e) {
      // told below
    }
    throw new IllegalArgumentException("'" + text + "' (expected: N or FROM:TO)");
  }

  boolean isFixed() {
    return from == to;
  }

  int any(RandomGenerator random) {
    return random.nextInt(from, to + 1);
  }

  @Override
  public String toString() {
    return isFixed() ? Integer.toString(from) : from + ":" + to;
  }
}
