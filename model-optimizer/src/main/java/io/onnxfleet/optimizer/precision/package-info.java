/**
 * Models in half precision: {@link io.onnxfleet.optimizer.precision.PrecisionConversion} converts
 * one and finds what must stay in FP32.
 */
@NullMarked
package io.onnxfleet.optimizer.precision;

import org.jspecify.annotations.NullMarked;
