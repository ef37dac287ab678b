/**
 * What the values inside a model look like over samples: {@link
 * io.onnxfleet.optimizer.calibrate.Calibration} finds their ranges, {@link
 * io.onnxfleet.optimizer.calibrate.OpenedModel} hands out the values themselves.
 */
@NullMarked
package io.onnxfleet.optimizer.calibrate;

import org.jspecify.annotations.NullMarked;
