package io.onnxfleet.contract.fleet;

/**
 * What an answer took, for which the gateway charges its caller: {@code rows=4, tokens=120}. What
 * is not known here is passed over.
 *
 * @param rows of tensors, or texts
 * @param tokens of texts; 0 where tensors were asked for
 */
public record InferenceUnits(long rows, long tokens) {

  private static final String ROWS = "rows";
  private static final String TOKENS = "tokens";

  /** What cannot be read counts as one row: nothing that was answered is free. */
  private static final InferenceUnits UNKNOWN = new InferenceUnits(1, 0);

  /** As the header says it. */
  public String asText() {
    return tokens == 0 ? ROWS + "=" + rows : ROWS + "=" + rows + ", " + TOKENS + "=" + tokens;
  }

  /** Reads the header. */
  public static InferenceUnits parse(String header) {
    long rows = 0;
    long tokens = 0;
    boolean said = false;
    try {
      for (String part : header.split(",", -1)) {
        int equals = part.indexOf('=');
        String name = part.substring(0, Math.max(0, equals)).strip();
        if (!name.equals(ROWS) && !name.equals(TOKENS)) {
          continue;
        }
        long value = Long.parseLong(part.substring(equals + 1).strip());
        if (value < 0) {
          return UNKNOWN;
        }
        said = true;
        if (name.equals(ROWS)) {
          rows = value;
        } else {
          tokens = value;
        }
      }
    } catch (NumberFormatException malformed) {
      return UNKNOWN;
    }
    return said ? new InferenceUnits(rows, tokens) : UNKNOWN;
  }
}
