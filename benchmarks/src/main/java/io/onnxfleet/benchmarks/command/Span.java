package io.onnxfleet.benchmarks.command;

import java.util.random.RandomGenerator;
import picocli.CommandLine.ITypeConverter;

/** A whole number, or any of some: {@code 32}, or {@code 8:128}. */
public record Span(int from, int to) {
  public Span {
    if (from < 1 || to < from || to > 1_000_000) {
      throw new IllegalArgumentException(
          from + ":" + to + " (expected: 1 to 1000000, the lower number first)");
    }
  }

  /**
   * Reads one.
   *
   * @throws IllegalArgumentException unless it is {@code N} or {@code FROM:TO}, 1 to 1000000
   */
  public static Span parse(String text) {
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

  public boolean isFixed() {
    return from == to;
  }

  /** Each of them is as likely. */
  public int any(RandomGenerator random) {
    return random.nextInt(from, to + 1);
  }

  /** {@link Span#parse}. */
  public static final class Converter implements ITypeConverter<Span> {
    @Override
    public Span convert(String text) {
      return Conversion.of(text, Span::parse);
    }
  }

  @Override
  public String toString() {
    return isFixed() ? Integer.toString(from) : from + ":" + to;
  }
}
