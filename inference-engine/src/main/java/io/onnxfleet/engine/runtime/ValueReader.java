package io.onnxfleet.engine.runtime;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Copies ONNX Runtime's values into pooled tensors. The value's own type and shape count, not the
 * declared ones, which may be wrong. Belongs to one session, hence to one thread.
 */
final class ValueReader {
  private static final int MAX_RANK = 64;

  private final OrtEnvironment environment;
  private final OrtApi api;
  private final BufferPool pool;
  private final MemorySegment out;
  private final MemorySegment dimensions;

  ValueReader(OrtEnvironment environment, BufferPool pool, Arena arena) {
    this.environment = environment;
    this.api = environment.api();
    this.pool = pool;
    out = arena.allocate(ADDRESS);
    dimensions = arena.allocate(JAVA_LONG, MAX_RANK);
  }

  /**
   * The value as a tensor of its own; the value stays the caller's.
   *
   * @throws InferenceException if it cannot be served as one tensor
   */
  Tensor read(String name, OnnxType type, MemorySegment value) {
    return switch (type) {
      case OnnxType.TensorType tensor -> tensor(name, value);
      case OnnxType.SequenceType sequence -> sequence(name, sequence.element(), value);
      case OnnxType.MapType map -> maps(map.inSequence(), value);
      case OnnxType.OptionalType optional -> {
        api.call(OrtFunction.HAS_VALUE, value, out);
        if (out.get(JAVA_INT, 0) == 0) {
          throw notServed("output '%s' is optional and holds no value".formatted(name));
        }
        yield read(name, optional.content(), value);
      }
    };
  }

  private Tensor tensor(String name, MemorySegment value) {
    Declared actual = declared(name, value);
    if (!actual.dataType.isFixedSize()) {
      return strings(actual.shape, value);
    }
    Tensor tensor = Tensor.allocate(pool, actual.dataType, actual.shape);
    try {
      copyElements(value, tensor.data());
      return tensor;
    } catch (Throwable failure) {
      tensor.close();
      throw failure;
    }
  }

  private void copyElements(MemorySegment value, ByteBuffer target) {
    int byteSize = target.remaining();
    if (byteSize == 0) {
      return;
    }
    api.call(OrtFunction.GET_TENSOR_MUTABLE_DATA, value, out);
    MemorySegment source = OrtApi.sized(out.get(ADDRESS, 0), byteSize);
    MemorySegment.ofBuffer(target).copyFrom(source);
    target.position(target.position() + byteSize);
  }

  private Tensor strings(Shape shape, MemorySegment value) {
    int count = Math.toIntExact(shape.elementCount());
    try (Arena arena = Arena.ofConfined()) {
      StringContent content = content(value, count, arena);
      Tensor tensor =
          Tensor.ofByteSize(
              pool, DataType.BYTES, shape, (long) Integer.BYTES * count + content.byteSize);
      try {
        ByteBuffer target = tensor.data();
        for (int index = 0; index < count; index++) {
          MemorySegment element = content.element(index);
          target.putInt((int) element.byteSize()).put(element.asByteBuffer());
        }
        return tensor;
      } catch (Throwable failure) {
        tensor.close();
        throw failure;
      }
    }
  }

  private StringContent content(MemorySegment value, int count, Arena arena) {
    if (count == 0) {
      return new StringContent(MemorySegment.NULL, new long[1], 0);
    }
    api.call(OrtFunction.GET_STRING_TENSOR_DATA_LENGTH, value, out);
    long byteSize = out.get(JAVA_LONG, 0);
    MemorySegment bytes = arena.allocate(Math.max(1, byteSize));
    MemorySegment offsets = arena.allocate(JAVA_LONG, count);
    api.call(OrtFunction.GET_STRING_TENSOR_CONTENT, value, bytes, byteSize, offsets, (long) count);
    long[] ends = new long[count + 1];
    MemorySegment.copy(offsets, JAVA_LONG, 0, ends, 0, count);
    ends[count] = byteSize;
    return new StringContent(bytes, ends, byteSize);
  }

  private Tensor sequence(String name, OnnxType.TensorType declared, MemorySegment value) {
    api.call(OrtFunction.GET_VALUE_COUNT, value, out);
    int count = Math.toIntExact(out.get(JAVA_LONG, 0));
    if (count == 0) {
      return Tensor.ofByteSize(pool, declared.dataType(), emptySequence(declared), 0);
    }
    List<Tensor> elements = new ArrayList<>(count);
    try {
      for (int index = 0; index < count; index++) {
        MemorySegment element = element(value, index);
        try {
          elements.add(tensor(name, element));
        } finally {
          api.release(OrtFunction.RELEASE_VALUE, element);
        }
      }
      return stack(name, elements);
    } finally {
      elements.forEach(Tensor::close);
    }
  }

  private Tensor stack(String name, List<Tensor> elements) {
    Tensor first = elements.getFirst();
    long byteSize = 0;
    for (Tensor element : elements) {
      if (!element.shape().equals(first.shape()) || element.dataType() != first.dataType()) {
        throw notServed(
            "output '%s' is a sequence of %s and %s (expected tensors of one shape)"
                .formatted(name, first, element));
      }
      byteSize += element.byteSize();
    }
    Tensor stacked =
        Tensor.ofByteSize(pool, first.dataType(), first.shape().prepend(elements.size()), byteSize);
    ByteBuffer target = stacked.data();
    for (Tensor element : elements) {
      target.put(element.data());
    }
    return stacked;
  }

  private static Shape emptySequence(OnnxType.TensorType declared) {
    if (!declared.ranked()) {
      return Shape.of(0);
    }
    long[] dims = declared.shape().prepend(0).dims();
    return Shape.of(Arrays.stream(dims).map(dim -> Math.max(0, dim)).toArray());
  }

  private Tensor maps(boolean inSequence, MemorySegment value) {
    List<byte[]> objects = new ArrayList<>();
    if (inSequence) {
      api.call(OrtFunction.GET_VALUE_COUNT, value, out);
      long count = out.get(JAVA_LONG, 0);
      for (int index = 0; index < count; index++) {
        MemorySegment map = element(value, index);
        try {
          objects.add(jsonObject(map));
        } finally {
          api.release(OrtFunction.RELEASE_VALUE, map);
        }
      }
    } else {
      objects.add(jsonObject(value));
    }
    return Tensor.ofBytes(pool, Shape.of(objects.size()), objects);
  }

  private byte[] jsonObject(MemorySegment map) {
    MemorySegment keys = element(map, 0);
    try {
      MemorySegment values = element(map, 1);
      try {
        try (Tensor keyTensor = tensor("keys", keys);
            Tensor valueTensor = tensor("values", values)) {
          return MapJson.write(keyTensor, valueTensor);
        }
      } finally {
        api.release(OrtFunction.RELEASE_VALUE, values);
      }
    } finally {
      api.release(OrtFunction.RELEASE_VALUE, keys);
    }
  }

  private MemorySegment element(MemorySegment value, int index) {
    api.call(OrtFunction.GET_VALUE, value, index, environment.allocator(), out);
    return out.get(ADDRESS, 0);
  }

  private Declared declared(String name, MemorySegment value) {
    api.call(OrtFunction.GET_TENSOR_TYPE_AND_SHAPE, value, out);
    MemorySegment info = out.get(ADDRESS, 0);
    try {
      api.call(OrtFunction.GET_TENSOR_ELEMENT_TYPE, info, out);
      ElementType type = ElementType.ofNumber(out.get(JAVA_INT, 0));
      DataType dataType = type.dataType();
      api.call(OrtFunction.GET_DIMENSIONS_COUNT, info, out);
      long rank = out.get(JAVA_LONG, 0);
      if (dataType == null || rank > MAX_RANK) {
        throw notServed(
            "output '%s' is %s with %d dimensions (expected one of %s with <= %d)"
                .formatted(name, type, rank, Arrays.toString(DataType.values()), MAX_RANK));
      }
      api.call(OrtFunction.GET_DIMENSIONS, info, dimensions, rank);
      long[] dims = new long[(int) rank];
      MemorySegment.copy(dimensions, JAVA_LONG, 0, dims, 0, dims.length);
      return new Declared(dataType, Shape.of(dims));
    } finally {
      api.release(OrtFunction.RELEASE_TENSOR_TYPE_AND_SHAPE_INFO, info);
    }
  }

  private static InferenceException notServed(String message) {
    return new InferenceException(ErrorCode.UNSUPPORTED_FEATURE, message);
  }

  /** What a value says of itself. */
  private record Declared(DataType dataType, Shape shape) {}

  /**
   * The elements of a string tensor, one behind the other.
   *
   * @param ends where each element starts, and where the last one ends
   */
  @SuppressWarnings("ArrayRecordComponent") // lives for one reading
  private record StringContent(MemorySegment bytes, long[] ends, long byteSize) {
    MemorySegment element(int index) {
      return bytes.asSlice(ends[index], ends[index + 1] - ends[index]);
    }
  }
}
