package io.onnxfleet.launcher.fleet;

/** Numbers that somebody wrote. */
public final class Numbers {
  private Numbers() {}

  /**
   * A whole number.
   *
   * @param name of what it is for
   * @throws IllegalArgumentException if it is none, or below the least
   */
  public static int atLeast(String name, String value, int least) {
    int number;
    try {
      number = value.startsWith("+") || value.startsWith("-") ? -1 : Integer.parseInt(value);
    } catch (NumberFormatException none) {
      number = -1;
    }
    if (number < 0) {
      throw new IllegalArgumentException(
          "%s: '%s' (expected: a whole number, at least %d)".formatted(name, value, least));
    }
    if (number < least) {
      throw new IllegalArgumentException(
          "%s: %d (expected: at least %d)".formatted(name, number, least));
    }
    return number;
  }
}
