package io.onnxfleet.engine.instance;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.Shape;

/**
 * Triton's reshape: the same elements under other dimensions, the batch dimension left as it is.
 */
final class Reshaping {
  private Reshaping() {}

  /**
   * The shape that {@code from} takes where {@code declared} is wanted.
   *
   * @param declared concrete but for the batch dimension and at most one more, which follows from
   *     the element count
   * @throws InferenceException if the element counts cannot agree
   */
  static Shape resolve(Shape from, Shape declared, boolean batched) {
    Shape resolved = batched ? declared.with(0, from.dim(0)) : declared;
    int variable = -1;
    long known = 1;
    for (int axis = 0; axis < resolved.rank(); axis++) {
      if (resolved.dim(axis) == Shape.VARIABLE) {
        if (variable >= 0) {
          throw InferenceException.invalidInput(
              "reshape: %s (expected at most one variable dimension)", declared);
        }
        variable = axis;
      } else {
        known *= resolved.dim(axis);
      }
    }
    if (variable >= 0) {
      resolved = resolved.with(variable, known == 0 ? 0 : from.elementCount() / known);
    }
    if (resolved.elementCount() != from.elementCount()) {
      throw InferenceException.invalidInput("shape %s (expected a reshape to %s)", from, declared);
    }
    return resolved;
  }
}
