package io.onnxfleet.optimizer.auto;

/**
 * What a candidate is worth. Speeds are the original's, multiplied by the ratio that was measured
 * in turns with it: so they compare, whatever else the machine did.
 *
 * @param name of its recipe
 * @param failure why there is no such candidate; empty if there is one
 * @param bytes of its files
 * @param loss of quality, 0 for the original
 * @param milliseconds of a row alone
 * @param rowsPerSecond in batches
 */
public record Measurement(
    String name,
    String failure,
    long bytes,
    double loss,
    double milliseconds,
    double rowsPerSecond) {

  static Measurement failed(String name, String reason) {
    // A line of a table.
    String line = reason.lines().findFirst().orElse("").replace('|', '/');
    return new Measurement(name, line.isBlank() ? "failed" : line, 0, 1, 0, 0);
  }

  /** Whether there is such a candidate. */
  public boolean usable() {
    return failure.isEmpty();
  }
}
