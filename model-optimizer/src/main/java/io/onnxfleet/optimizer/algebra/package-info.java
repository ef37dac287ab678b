/**
 * Mathematics that pruning and distillation share: {@link
 * io.onnxfleet.optimizer.algebra.LeastSquares} fits, {@link
 * io.onnxfleet.optimizer.algebra.PrincipalComponents} turns, {@link
 * io.onnxfleet.optimizer.algebra.LimitedMemoryBfgs} finds minima.
 */
@NullMarked
package io.onnxfleet.optimizer.algebra;

import org.jspecify.annotations.NullMarked;
