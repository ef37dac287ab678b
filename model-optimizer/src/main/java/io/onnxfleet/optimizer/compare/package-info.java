/**
 * Models side by side: {@link io.onnxfleet.optimizer.compare.Comparison} measures what a candidate
 * lost and what it gained.
 */
@NullMarked
package io.onnxfleet.optimizer.compare;

import org.jspecify.annotations.NullMarked;
