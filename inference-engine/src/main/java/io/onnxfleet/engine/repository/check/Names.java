package io.onnxfleet.engine.repository.check;

/** Names out of a file, fit for a message. */
final class Names {
  private static final int LONGEST = 80;

  private Names() {}

  /** Without what a log or a terminal would act on, and no longer than a line. */
  static String printable(String name) {
    String plain = name.replaceAll("[\\p{Cntrl}\\p{Cf}]", "?");
    return plain.length() <= LONGEST ? plain : plain.substring(0, LONGEST) + "...";
  }
}
