/**
 * The search for the best trade: {@link io.onnxfleet.optimizer.auto.Search} makes and measures
 * candidates, {@link io.onnxfleet.optimizer.auto.SearchReport} says what came of it.
 */
@NullMarked
package io.onnxfleet.optimizer.auto;

import org.jspecify.annotations.NullMarked;
