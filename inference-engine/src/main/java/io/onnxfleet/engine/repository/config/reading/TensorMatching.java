package io.onnxfleet.engine.repository.config.reading;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.repository.config.BatchDimension;
import io.onnxfleet.engine.repository.config.TensorConfig;
import io.onnxfleet.engine.repository.proto.DataTypeProto;
import io.onnxfleet.engine.repository.proto.ReshapeProto;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Compares what a configuration says of a tensor with what the model says, and completes the one
 * from the other.
 *
 * <p>Where one of them calls a dimension variable and the other knows its size, the size holds.
 */
final class TensorMatching {
  private static final String TYPE_PREFIX = "TYPE_";
  private static final String TYPE_STRING = "STRING";

  private final boolean batched;

  TensorMatching(boolean batched) {
    this.batched = batched;
  }

  /**
   * What a configuration says of one tensor.
   *
   * @param role {@code input} or {@code output}, for messages
   */
  record Declared(
      String role,
      String name,
      DataTypeProto dataType,
      List<Long> dims,
      @Nullable ReshapeProto reshape,
      boolean optional,
      String labelFilename) {

    /** Nothing but the name: the model says all else. */
    static Declared nothing(String role, TensorSpec spec) {
      return new Declared(
          role, spec.name(), DataTypeProto.TYPE_INVALID, List.of(), null, spec.optional(), "");
    }

    private InferenceException invalid(String what) {
      return ConfigFailure.invalid("%s '%s': %s", role, name, what);
    }
  }

  TensorConfig match(Declared declared, TensorSpec spec) {
    Shape model = modelDims(declared, spec);
    if (declared.dataType() != DataTypeProto.TYPE_INVALID
        && dataType(declared.dataType()) != spec.dataType()) {
      throw declared.invalid(
          "data_type %s (expected %s, as the model has it)"
              .formatted(declared.dataType(), proto(spec.dataType())));
    }
    if (declared.optional() && !spec.optional()) {
      throw declared.invalid("optional: true (expected false, as the model requires it)");
    }
    String labels = declared.labelFilename().isEmpty() ? null : declared.labelFilename();
    if (declared.reshape() == null) {
      Shape dims =
          declared.dims().isEmpty()
              ? model
              : narrow(declared, "dims", shape(declared, "dims", declared.dims()), model);
      return new TensorConfig(spec.name(), spec.dataType(), dims, null, spec.optional(), labels);
    }
    Shape dims = shape(declared, "dims", declared.dims());
    Shape reshape = shape(declared, "reshape", declared.reshape().getShapeList());
    checkSameElements(declared, dims, reshape);
    narrow(declared, "reshape", reshape, model);
    return new TensorConfig(spec.name(), spec.dataType(), dims, reshape, spec.optional(), labels);
  }

  private Shape modelDims(Declared declared, TensorSpec spec) {
    if (!batched) {
      return spec.shape();
    }
    if (!BatchDimension.isVariable(spec)) {
      throw declared.invalid(
          "the model's shape is %s (expected a variable first dimension, as max_batch_size is"
                  .formatted(spec.shape())
              + " above 0)");
    }
    return spec.shape().withoutFirst();
  }

  private static Shape shape(Declared declared, String field, List<Long> dims) {
    for (long dim : dims) {
      if (dim != Shape.VARIABLE && dim < 1) {
        throw declared.invalid("%s %s (expected each to be -1 or >= 1)".formatted(field, dims));
      }
    }
    try {
      return Shape.of(dims.stream().mapToLong(Long::longValue).toArray());
    } catch (InferenceException tooMany) {
      throw declared.invalid(field + ": " + tooMany.getMessage());
    }
  }

  private Shape narrow(Declared declared, String field, Shape said, Shape model) {
    boolean agrees = said.rank() == model.rank();
    List<Long> narrowed = new ArrayList<>();
    for (int axis = 0; agrees && axis < said.rank(); axis++) {
      long dim = said.dim(axis);
      long modelDim = model.dim(axis);
      agrees = dim == modelDim || dim == Shape.VARIABLE || modelDim == Shape.VARIABLE;
      narrowed.add(dim == Shape.VARIABLE ? modelDim : dim);
    }
    if (!agrees) {
      throw declared.invalid(
          "%s %s (expected %s, as the model has it%s)"
              .formatted(field, said, model, batched ? " behind its batch dimension" : ""));
    }
    return Shape.of(narrowed.stream().mapToLong(Long::longValue).toArray());
  }

  /** Variable dimensions must be equally many, and the sizes of the rest multiply to the same. */
  private static void checkSameElements(Declared declared, Shape dims, Shape reshape) {
    try {
      if (countVariable(dims) == countVariable(reshape)
          && fixedElements(dims) == fixedElements(reshape)) {
        return;
      }
    } catch (ArithmeticException overflow) {
      throw declared.invalid(
          "reshape %s of dims %s (expected fewer than 2^63 elements)".formatted(reshape, dims));
    }
    throw declared.invalid(
        "reshape %s (expected as many elements as dims %s)".formatted(reshape, dims));
  }

  private static int countVariable(Shape shape) {
    int count = 0;
    for (int axis = 0; axis < shape.rank(); axis++) {
      count += shape.dim(axis) == Shape.VARIABLE ? 1 : 0;
    }
    return count;
  }

  private static long fixedElements(Shape shape) {
    long elements = 1;
    for (int axis = 0; axis < shape.rank(); axis++) {
      elements =
          shape.dim(axis) == Shape.VARIABLE
              ? elements
              : Math.multiplyExact(elements, shape.dim(axis));
    }
    return elements;
  }

  /** The type by its name in a configuration; {@code TYPE_INVALID} has none. */
  static DataType dataType(DataTypeProto proto) {
    String name = proto.name().substring(TYPE_PREFIX.length());
    return name.equals(TYPE_STRING) ? DataType.BYTES : DataType.valueOf(name);
  }

  static DataTypeProto proto(DataType type) {
    return DataTypeProto.valueOf(
        TYPE_PREFIX + (type == DataType.BYTES ? TYPE_STRING : type.name()));
  }
}
