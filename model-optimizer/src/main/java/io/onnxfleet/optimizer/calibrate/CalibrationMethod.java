package io.onnxfleet.optimizer.calibrate;

import java.util.Locale;

/** How a range is drawn from what samples showed. */
public enum CalibrationMethod {
  /** All that was seen. */
  MIN_MAX,
  /** All but a share at either end. */
  PERCENTILE,
  /** What loses the least information when it is cut to so few steps. */
  ENTROPY;

  /** As command lines write it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
