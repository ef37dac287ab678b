/** 8-bit weights: start at {@link io.onnxfleet.optimizer.quantize.DynamicQuantization}. */
@NullMarked
package io.onnxfleet.optimizer.quantize;

import org.jspecify.annotations.NullMarked;
