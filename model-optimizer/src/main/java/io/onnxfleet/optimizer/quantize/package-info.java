/**
 * Weights of 8 and 4 bits: start at {@link io.onnxfleet.optimizer.quantize.DynamicQuantization} and
 * {@link io.onnxfleet.optimizer.quantize.StaticQuantization}.
 */
@NullMarked
package io.onnxfleet.optimizer.quantize;

import org.jspecify.annotations.NullMarked;
