package io.onnxfleet.gateway.failure;

import org.jspecify.annotations.Nullable;

/** What a caller wrote, as it may stand in a message or in a line of a log. Stateless. */
public final class Quotation {

  private static final int LONGEST = 200;

  private Quotation() {}

  /**
   * Its start, in which nothing ends the line or writes over it: a question mark is in the place of
   * each character that cannot be seen.
   */
  public static String of(@Nullable String text) {
    if (text == null) {
      return "";
    }
    StringBuilder quoted = new StringBuilder();
    text.codePoints()
        .limit(LONGEST + 1L)
        .map(character -> isSeen(character) ? character : '?')
        .forEach(quoted::appendCodePoint);
    if (quoted.codePointCount(0, quoted.length()) > LONGEST) {
      quoted.replace(quoted.offsetByCodePoints(0, LONGEST), quoted.length(), "...");
    }
    return quoted.toString().strip();
  }

  /** Formats are what turns the direction of a line, or joins what looks apart. */
  private static boolean isSeen(int character) {
    return switch (Character.getType(character)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.PRIVATE_USE,
          Character.SURROGATE,
          Character.UNASSIGNED ->
          false;
      default -> true;
    };
  }
}
