package io.onnxfleet.contract.fleet;

import org.jspecify.annotations.Nullable;

/**
 * Whose request it is, as {@link io.onnxfleet.contract.api.HeaderNames#CALLER} says it: a name
 * under which callers share a model, at most {@value #MOST_LENGTH} visible ASCII characters. Says
 * nothing of credentials.
 */
public final class CallerName {

  static final int MOST_LENGTH = 128;

  private static final char UNFIT = '?';

  private CallerName() {}

  /** The name that a header says, cut to its bound; null if it says none. */
  public static @Nullable String read(@Nullable String header) {
    if (header == null || header.isBlank()) {
      return null;
    }
    return header.length() > MOST_LENGTH ? header.substring(0, MOST_LENGTH) : header;
  }

  /** A name as the header can carry it; what it cannot carry becomes {@value #UNFIT}. */
  public static String write(String name) {
    int length = Math.min(name.length(), MOST_LENGTH);
    for (int index = 0; index < length; index++) {
      if (!isVisible(name.charAt(index))) {
        return replaced(name, length);
      }
    }
    return length == name.length() ? name : name.substring(0, length);
  }

  private static String replaced(String name, int length) {
    StringBuilder fit = new StringBuilder(length);
    for (int index = 0; index < length; index++) {
      char next = name.charAt(index);
      fit.append(isVisible(next) ? next : UNFIT);
    }
    return fit.toString();
  }

  private static boolean isVisible(char next) {
    return next > ' ' && next <= '~';
  }
}
