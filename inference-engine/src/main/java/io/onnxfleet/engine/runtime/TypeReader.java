package io.onnxfleet.engine.runtime;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Reads the types that a graph declares. What cannot be served is refused by the name of the input
 * or output. Not thread-safe; lives as long as its arena.
 */
final class TypeReader {
  /** Kinds of values, by their numbers in the C API. */
  private static final int TENSOR = 1;

  static final int SEQUENCE = 2;
  static final int MAP = 3;
  private static final int SPARSE_TENSOR = 5;
  private static final int OPTIONAL = 6;

  private final OrtApi api;
  private final Arena arena;
  private final MemorySegment out;

  TypeReader(OrtApi api, Arena arena) {
    this.api = api;
    this.arena = arena;
    out = arena.allocate(ADDRESS);
  }

  /**
   * The type behind a type info, which is given back.
   *
   * @param place the input or output, for messages: {@code input 'x'}
   * @throws InferenceException with {@link ErrorCode#MODEL_LOAD_FAILED} if it cannot be served
   */
  OnnxType read(String place, MemorySegment typeInfo) {
    try {
      int kind = readInt(OrtFunction.GET_ONNX_TYPE, typeInfo);
      return switch (kind) {
        case TENSOR -> tensor(place, cast(OrtFunction.CAST_TO_TENSOR_INFO, typeInfo));
        case SEQUENCE -> sequence(place, cast(OrtFunction.CAST_TO_SEQUENCE_INFO, typeInfo));
        case MAP -> map(place, cast(OrtFunction.CAST_TO_MAP_INFO, typeInfo), false);
        case OPTIONAL -> optional(place, cast(OrtFunction.CAST_TO_OPTIONAL_INFO, typeInfo));
        case SPARSE_TENSOR -> throw refused(place, "a sparse tensor");
        default -> throw refused(place, "of an opaque type");
      };
    } finally {
      api.release(OrtFunction.RELEASE_TYPE_INFO, typeInfo);
    }
  }

  private OnnxType sequence(String place, MemorySegment sequenceInfo) {
    OnnxType element = read(place, cast(OrtFunction.GET_SEQUENCE_ELEMENT_TYPE, sequenceInfo));
    return switch (element) {
      case OnnxType.TensorType tensor -> new OnnxType.SequenceType(tensor);
      case OnnxType.MapType map when !map.inSequence() -> new OnnxType.MapType(true);
      case OnnxType.MapType map -> throw refused(place, "a sequence of sequences");
      case OnnxType.SequenceType sequence -> throw refused(place, "a sequence of sequences");
      case OnnxType.OptionalType optional -> throw refused(place, "a sequence of optional values");
    };
  }

  private OnnxType map(String place, MemorySegment mapInfo, boolean inSequence) {
    elementType(place + ": keys", readInt(OrtFunction.GET_MAP_KEY_TYPE, mapInfo));
    OnnxType value = read(place + ": values", cast(OrtFunction.GET_MAP_VALUE_TYPE, mapInfo));
    if (!(value instanceof OnnxType.TensorType)) {
      throw refused(place, "a map of other values than numbers and strings");
    }
    return new OnnxType.MapType(inSequence);
  }

  private OnnxType optional(String place, MemorySegment optionalInfo) {
    return new OnnxType.OptionalType(
        read(place, cast(OrtFunction.GET_OPTIONAL_CONTAINED_TYPE, optionalInfo)));
  }

  private OnnxType tensor(String place, MemorySegment tensorInfo) {
    DataType dataType =
        elementType(place, readInt(OrtFunction.GET_TENSOR_ELEMENT_TYPE, tensorInfo));
    if (!api.hasShape(tensorInfo)) {
      return new OnnxType.TensorType(dataType, Shape.SCALAR, List.of(), false);
    }
    api.call(OrtFunction.GET_DIMENSIONS_COUNT, tensorInfo, out);
    int rank = Math.toIntExact(out.get(JAVA_LONG, 0));
    MemorySegment dimensions = arena.allocate(JAVA_LONG, Math.max(1, rank));
    api.call(OrtFunction.GET_DIMENSIONS, tensorInfo, dimensions, rank);
    long[] dims = dimensions.asSlice(0, rank * JAVA_LONG.byteSize()).toArray(JAVA_LONG);
    for (int axis = 0; axis < rank; axis++) {
      dims[axis] = Math.max(Shape.VARIABLE, dims[axis]);
    }
    MemorySegment symbols = arena.allocate(ADDRESS, Math.max(1, rank));
    api.call(OrtFunction.GET_SYMBOLIC_DIMENSIONS, tensorInfo, symbols, rank);
    List<String> names = new ArrayList<>(rank);
    for (int axis = 0; axis < rank; axis++) {
      MemorySegment symbol = symbols.getAtIndex(ADDRESS, axis);
      names.add(OrtApi.isNull(symbol) ? "" : OrtApi.string(symbol));
    }
    return new OnnxType.TensorType(dataType, Shape.of(dims), names, true);
  }

  private MemorySegment cast(OrtFunction function, MemorySegment info) {
    api.call(function, info, out);
    return out.get(ADDRESS, 0);
  }

  private int readInt(OrtFunction function, MemorySegment info) {
    api.call(function, info, out);
    return out.get(JAVA_INT, 0);
  }

  private static DataType elementType(String place, int number) {
    ElementType type = ElementType.ofNumber(number);
    DataType dataType = type.dataType();
    if (dataType == null) {
      String name = type == ElementType.UNDEFINED ? "type " + number : type.name();
      throw new InferenceException(
          ErrorCode.MODEL_LOAD_FAILED,
          "%s is %s (expected one of %s)"
              .formatted(place, name, Arrays.toString(DataType.values())));
    }
    return dataType;
  }

  private static InferenceException refused(String place, String what) {
    return new InferenceException(
        ErrorCode.MODEL_LOAD_FAILED,
        "%s is %s (expected a tensor, a sequence of tensors or maps)".formatted(place, what));
  }
}
