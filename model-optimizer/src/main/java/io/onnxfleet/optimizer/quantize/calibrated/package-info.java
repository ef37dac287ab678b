/**
 * 8 bits by samples: activations keep the ranges that samples showed, and stay in 8 bits between
 * operators. Start at {@link StaticQuantization}; {@link StaticPlan} says which nodes take part.
 */
@NullMarked
package io.onnxfleet.optimizer.quantize.calibrated;

import org.jspecify.annotations.NullMarked;
