/**
 * Less of what a model is made of: {@link io.onnxfleet.optimizer.prune.StructuredPruning} removes
 * whole neurons, heads and channels, {@link io.onnxfleet.optimizer.prune.MagnitudePruning} single
 * weights.
 */
@NullMarked
package io.onnxfleet.optimizer.prune;

import org.jspecify.annotations.NullMarked;
