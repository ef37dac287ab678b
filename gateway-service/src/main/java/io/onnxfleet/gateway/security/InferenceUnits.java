package io.onnxfleet.gateway.security;

/**
 * What an answer took, as replicas tell it in {@link #HEADER}: {@code rows=4, tokens=120}.
 *
 * @param rows of tensors, or texts
 * @param tokens of texts; 0 where tensors were asked for
 */
record InferenceUnits(long rows, long tokens) {

  static final String HEADER = "Inference-Units";

  /** What cannot be read counts as one row: nothing that was answered is free. */
  private static final InferenceUnits UNKNOWN = new InferenceUnits(1, 0);

  static InferenceUnits parse(String header) {
    long rows = 0;
    long tokens = 0;
    try {
      for (String part : header.split(",", -1)) {
        int equals = part.indexOf('=');
        long value = Long.parseLong(part.substring(equals + 1).strip());
        if (value < 0) {
          return UNKNOWN;
        }
        switch (part.substring(0, Math.max(0, equals)).strip()) {
          case "rows" -> rows = value;
          case "tokens" -> tokens = value;
          default -> {}
        }
      }
    } catch (NumberFormatException malformed) {
      return UNKNOWN;
    }
    return new InferenceUnits(rows, tokens);
  }
}
