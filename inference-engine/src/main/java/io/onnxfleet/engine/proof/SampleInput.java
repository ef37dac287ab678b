package io.onnxfleet.engine.proof;

import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import org.jspecify.annotations.Nullable;

/**
 * An input for which data is made up.
 *
 * @param shape as the model has it, with the rows first; other variable dimensions are free
 * @param example the bytes of one row as an operator gave them, which others are made of, or null
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record SampleInput(String name, DataType dataType, Shape shape, byte @Nullable [] example) {
  public SampleInput(String name, DataType dataType, Shape shape) {
    this(name, dataType, shape, null);
  }

  /** True if a dimension besides the rows has a size of the caller's choice. */
  boolean isFree() {
    return freeAxes() > 0;
  }

  /** How many of them there are. */
  int freeAxes() {
    int free = 0;
    for (int axis = 1; axis < shape.rank(); axis++) {
      free += shape.dim(axis) == Shape.VARIABLE ? 1 : 0;
    }
    return free;
  }
}
