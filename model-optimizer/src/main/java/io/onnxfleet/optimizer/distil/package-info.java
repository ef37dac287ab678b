/**
 * Students of a model: {@link io.onnxfleet.optimizer.distil.StaticDistillation} makes a text
 * encoder a table of its tokens' vectors, {@link io.onnxfleet.optimizer.distil.LayerDistillation}
 * one of fewer layers, {@link io.onnxfleet.optimizer.distil.TabularDistillation} a small model for
 * rows of numbers.
 */
@NullMarked
package io.onnxfleet.optimizer.distil;

import org.jspecify.annotations.NullMarked;
