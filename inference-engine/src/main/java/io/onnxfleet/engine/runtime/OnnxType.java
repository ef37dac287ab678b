package io.onnxfleet.engine.runtime;

import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.TensorSpec;
import java.util.Collections;
import java.util.List;

/** The type that a graph declares of an input or output, as far as it can be served. */
sealed interface OnnxType {
  /** This type as a request sees it. */
  TensorSpec spec(String name, boolean optional);

  /**
   * A tensor.
   *
   * @param shape meaningless where {@code ranked} is false
   * @param dimensionNames as many as the shape has dimensions
   */
  record TensorType(DataType dataType, Shape shape, List<String> dimensionNames, boolean ranked)
      implements OnnxType {
    public TensorType {
      dimensionNames = List.copyOf(dimensionNames);
    }

    @Override
    public TensorSpec spec(String name, boolean optional) {
      return ranked
          ? new TensorSpec(name, dataType, shape, optional, dimensionNames)
          : new TensorSpec(
              name, dataType, Shape.SCALAR, optional, List.of(), TensorSpec.Form.UNRANKED);
    }
  }

  /** A sequence of tensors of one element type. */
  record SequenceType(TensorType element) implements OnnxType {
    @Override
    public TensorSpec spec(String name, boolean optional) {
      Shape stacked =
          element.ranked() ? element.shape().prepend(Shape.VARIABLE) : Shape.of(Shape.VARIABLE);
      return new TensorSpec(
          name,
          element.dataType(),
          stacked,
          optional,
          Collections.nCopies(stacked.rank(), ""),
          TensorSpec.Form.SEQUENCE);
    }
  }

  /** A map, or a sequence of maps. */
  record MapType(boolean inSequence) implements OnnxType {
    @Override
    public TensorSpec spec(String name, boolean optional) {
      return new TensorSpec(
          name,
          DataType.BYTES,
          Shape.of(inSequence ? Shape.VARIABLE : 1),
          optional,
          List.of(""),
          TensorSpec.Form.MAPS);
    }
  }

  /** A value that may be absent. */
  record OptionalType(OnnxType content) implements OnnxType {
    @Override
    public TensorSpec spec(String name, boolean optional) {
      return content.spec(name, optional);
    }
  }
}
