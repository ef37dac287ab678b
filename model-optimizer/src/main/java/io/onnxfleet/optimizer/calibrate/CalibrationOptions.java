package io.onnxfleet.optimizer.calibrate;

import io.onnxfleet.optimizer.OptimizerException;

/**
 * How to calibrate.
 *
 * @param percentile the share of numbers that stay within the range, for {@link
 *     CalibrationMethod#PERCENTILE}
 */
public record CalibrationOptions(CalibrationMethod method, double percentile) {
  public static final CalibrationOptions DEFAULT =
      new CalibrationOptions(CalibrationMethod.MIN_MAX, 0.99999);

  public CalibrationOptions {
    if (!(percentile > 0.5 && percentile <= 1)) {
      throw new OptimizerException("percentile: %s (expected: 0.5 to 1)".formatted(percentile));
    }
  }
}
