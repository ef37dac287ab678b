/**
 * Weights of 8 and 4 bits, and what all ways to them share. {@code dynamic} takes the scales of
 * activations while the model runs ({@code DynamicQuantization}), {@code calibrated} from samples
 * ({@code StaticQuantization}); {@link BlockQuantization} leaves activations alone. {@link
 * ErrorBoundQuantization} keeps an error's bound with either, {@link Smoothing} prepares for both.
 */
@NullMarked
package io.onnxfleet.optimizer.quantize;

import org.jspecify.annotations.NullMarked;
