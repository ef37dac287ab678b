package io.onnxfleet.engine.runtime;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.BytesElements;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Makes ONNX Runtime's values of tensors. Values of fixed-size types refer to the tensor's own
 * memory and must be released before it is. Belongs to one session, hence to one thread.
 */
final class ValueWriter {
  /** More dimensions than a {@link Shape} can have. */
  private static final int MAX_RANK = 64;

  private final OrtEnvironment environment;
  private final OrtApi api;
  private final MemorySegment out;
  private final MemorySegment dimensions;

  ValueWriter(OrtEnvironment environment, Arena arena) {
    this.environment = environment;
    this.api = environment.api();
    out = arena.allocate(ADDRESS);
    dimensions = arena.allocate(JAVA_LONG, MAX_RANK);
  }

  /**
   * A value to be released by the caller.
   *
   * @throws InferenceException if the tensor cannot be one of that type
   */
  MemorySegment write(String name, OnnxType type, Tensor tensor) {
    return switch (type) {
      case OnnxType.TensorType declared ->
          value(declared.dataType(), name, tensor.dataType(), tensor.shape(), tensor.data());
      case OnnxType.SequenceType sequence -> sequence(name, sequence, tensor);
      case OnnxType.OptionalType optional -> write(name, optional.content(), tensor);
      case OnnxType.MapType map ->
          throw InferenceException.invalidInput("input '%s' is a map (expected a tensor)", name);
    };
  }

  private MemorySegment value(
      DataType expected, String name, DataType dataType, Shape shape, ByteBuffer data) {
    if (dataType != expected) {
      throw InferenceException.invalidInput(
          "input '%s': datatype %s (expected %s)", name, dataType, expected);
    }
    int rank = shape.rank();
    for (int axis = 0; axis < rank; axis++) {
      dimensions.setAtIndex(JAVA_LONG, axis, shape.dim(axis));
    }
    if (!dataType.isFixedSize()) {
      return strings(shape, data);
    }
    api.call(
        OrtFunction.CREATE_TENSOR_WITH_DATA,
        environment.cpuMemory(),
        MemorySegment.ofBuffer(data),
        data.remaining(),
        dimensions,
        rank,
        ElementType.numberOf(dataType),
        out);
    return out.get(ADDRESS, 0);
  }

  private MemorySegment strings(Shape shape, ByteBuffer data) {
    long count = shape.elementCount();
    BytesElements.requireWellFormed(data, count);
    api.call(
        OrtFunction.CREATE_TENSOR,
        environment.allocator(),
        dimensions,
        shape.rank(),
        ElementType.numberOf(DataType.BYTES),
        out);
    MemorySegment value = out.get(ADDRESS, 0);
    try {
      ByteBuffer elements = data.slice().order(ByteOrder.LITTLE_ENDIAN);
      MemorySegment bytes = MemorySegment.ofBuffer(elements);
      long position = 0;
      for (long index = 0; index < count; index++) {
        int length = elements.getInt((int) position);
        position += Integer.BYTES;
        api.call(OrtFunction.GET_RESIZED_STRING_BUFFER, value, index, (long) length, out);
        if (length > 0) {
          MemorySegment element = OrtApi.sized(out.get(ADDRESS, 0), length);
          MemorySegment.copy(bytes, position, element, 0, length);
        }
        position += length;
      }
      return value;
    } catch (Throwable failure) {
      api.release(OrtFunction.RELEASE_VALUE, value);
      throw failure;
    }
  }

  private MemorySegment sequence(String name, OnnxType.SequenceType type, Tensor tensor) {
    Shape shape = tensor.shape();
    if (shape.rank() == 0 || shape.dim(0) == 0) {
      throw InferenceException.invalidInput(
          "input '%s': shape %s of a sequence (expected at least one element along axis 0)",
          name, shape);
    }
    int length = Math.toIntExact(shape.dim(0));
    Shape element = shape.withoutFirst();
    ByteBuffer data = tensor.data();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment values = arena.allocate(ADDRESS, length);
      try {
        for (int index = 0; index < length; index++) {
          ByteBuffer part = nextElement(data, tensor.dataType(), element);
          values.setAtIndex(
              ADDRESS,
              index,
              value(type.element().dataType(), name, tensor.dataType(), element, part));
        }
        api.call(OrtFunction.CREATE_VALUE, values, (long) length, TypeReader.SEQUENCE, out);
        return out.get(ADDRESS, 0);
      } finally {
        // The sequence shares its elements; what is given back here is this reference to them.
        for (int index = 0; index < length; index++) {
          api.release(OrtFunction.RELEASE_VALUE, values.getAtIndex(ADDRESS, index));
        }
      }
    }
  }

  private static ByteBuffer nextElement(ByteBuffer data, DataType dataType, Shape shape) {
    int start = data.position();
    if (dataType.isFixedSize()) {
      data.position(start + Math.toIntExact(Tensor.byteSize(dataType, shape)));
    } else {
      BytesElements.skip(data, shape.elementCount(), 0);
    }
    return data.slice(start, data.position() - start).order(ByteOrder.LITTLE_ENDIAN);
  }
}
