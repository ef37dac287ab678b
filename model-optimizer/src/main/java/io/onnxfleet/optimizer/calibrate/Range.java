package io.onnxfleet.optimizer.calibrate;

/** Where the numbers of a value lie; zero always does. */
public record Range(float lowest, float highest) {
  public Range {
    if (!(lowest <= 0 && highest >= 0)) {
      throw new IllegalArgumentException(
          "%s to %s (expected: zero between them)".formatted(lowest, highest));
    }
  }

  /** The largest magnitude. */
  public float largest() {
    return Math.max(-lowest, highest);
  }
}
