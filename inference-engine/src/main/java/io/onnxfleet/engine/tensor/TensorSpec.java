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
 * @param form what the model declares, seen as a tensor
 */
public record TensorSpec(
    String name,
    DataType dataType,
    Shape shape,
    boolean optional,
    List<String> dimensionNames,
    Form form) {

  /** How a declared type that need not be a tensor is served as one. */
  public enum Form {
    /** A tensor of the declared shape. */
    TENSOR,
    /** A tensor of which not even the rank is declared; the shape is given as a scalar's. */
    UNRANKED,
    /**
     * A sequence of tensors of one shape, stacked along axis 0, which is no batch axis. Elements of
     * undeclared rank leave axis 0 alone in the shape.
     */
    SEQUENCE,
    /** Maps, one JSON object an element. */
    MAPS
  }

  public TensorSpec {
    dimensionNames = List.copyOf(dimensionNames);
    if (dimensionNames.size() != shape.rank()) {
      throw new IllegalArgumentException(
          "%s: %d dimension names (expected %d)"
              .formatted(name, dimensionNames.size(), shape.rank()));
    }
  }

  /** A tensor of the declared shape. */
  public TensorSpec(
      String name, DataType dataType, Shape shape, boolean optional, List<String> dimensionNames) {
    this(name, dataType, shape, optional, dimensionNames, Form.TENSOR);
  }

  /** A required input or an output without named dimensions. */
  public TensorSpec(String name, DataType dataType, Shape shape) {
    this(name, dataType, shape, false, Collections.nCopies(shape.rank(), ""));
  }

  /** True if a tensor of that concrete shape may stand here. */
  public boolean accepts(Shape actual) {
    return switch (form) {
      case TENSOR, MAPS -> shape.accepts(actual);
      case UNRANKED -> true;
      case SEQUENCE -> actual.rank() > 0 && (shape.rank() == 1 || shape.accepts(actual));
    };
  }

  /** True if axis 0 has a size of the caller's choice and may stand for the rows of a batch. */
  public boolean mayBatch() {
    return switch (form) {
      case TENSOR, MAPS -> shape.rank() > 0 && shape.dim(0) == Shape.VARIABLE;
      case UNRANKED, SEQUENCE -> false;
    };
  }
}
