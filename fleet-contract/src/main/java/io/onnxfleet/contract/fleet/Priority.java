package io.onnxfleet.contract.fleet;

import io.onnxfleet.contract.api.HeaderNames;

/**
 * How urgent a request is among those for the same model, as {@link HeaderNames#PRIORITY} says it:
 * {@value #HIGHEST} to {@value #LOWEST}, where {@value #DEFAULT} is a model's own default. The
 * gateway says what the caller may have; what the request's body asks for may only lower it.
 */
public final class Priority {

  public static final int HIGHEST = 1;
  public static final int LOWEST = 9;

  /** Also written 0, and where the header is missing. */
  public static final int DEFAULT = 5;

  private static final String[] DIGITS = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};

  private Priority() {}

  /**
   * Reads the header.
   *
   * @throws IllegalArgumentException if it is none of them; the message may be shown
   */
  public static int read(String header) {
    if (header.equals(DIGITS[0])) {
      return DEFAULT;
    }
    if (header.length() == 1 && header.charAt(0) >= '1' && header.charAt(0) <= '9') {
      return header.charAt(0) - '0';
    }
    throw new IllegalArgumentException(
        HeaderNames.PRIORITY
            + ": '"
            + header
            + "' (expected: "
            + HIGHEST
            + ", the highest, to "
            + LOWEST
            + ", or 0 for the default)");
  }

  /** As the header says it. */
  public static String write(int priority) {
    return DIGITS[priority];
  }

  /**
   * The level in which a request waits for a model.
   *
   * @param granted what the header says, {@value #HIGHEST} to {@value #LOWEST}
   * @param asked what the body asks for, a level of the model's; 0 for nothing
   * @param levels that the model has, the highest of which is 1
   * @param defaultLevel 1 to {@code levels}
   */
  public static int level(int granted, int asked, int levels, int defaultLevel) {
    int level = defaultLevel;
    if (granted < DEFAULT) {
      level = Math.min(granted, defaultLevel);
    } else if (granted > DEFAULT) {
      level = Math.max(Math.min(granted, levels), defaultLevel);
    }
    return asked >= 1 && asked <= levels ? Math.max(asked, level) : level;
  }
}
