package io.onnxfleet.engine.tensor;

import java.util.Collections;
import java.util.List;

/**
 * What a model declares of one input or output.
 *
 * @param shape with the batch dimension, variable dimensions as {@link Shape#VARIABLE}
 * @param optional true if a request may leave this input out
 * @param dimensionNames the model's name of each dimension, empty where it has none; as many as the
 *     shape has dimensions
 */
public record TensorSpec(
    String name, DataType dataType, Shape shape, boolean optional, List<String> dimensionNames) {

  public TensorSpec {
    dimensionNames = List.copyOf(dimensionNames);
    if (dimensionNames.size() != shape.rank()) {
      throw new IllegalArgumentException(
          "%s: %d dimension names (expected %d)"
              .formatted(name, dimensionNames.size(), shape.rank()));
    }
  }

  /** A required input or an output without named dimensions. */
  public TensorSpec(String name, DataType dataType, Shape shape) {
    this(name, dataType, shape, false, Collections.nCopies(shape.rank(), ""));
  }
}
