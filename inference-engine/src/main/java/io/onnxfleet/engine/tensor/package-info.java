/**
 * Typed, shaped data in pooled direct memory: {@link Tensor} over a {@link BufferPool}, described
 * by {@link TensorSpec}; {@link TensorRows} joins and parts tensors along the batch axis.
 */
@NullMarked
package io.onnxfleet.engine.tensor;

import org.jspecify.annotations.NullMarked;
