package io.onnxfleet.optimizer.graph;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.proto.TensorProto;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Optional;

/**
 * A constant: its elements lie in one read-only little-endian buffer, which may be a part of a
 * mapped file and so costs no memory of its own. Immutable. At most 2 GiB.
 */
public final class Tensor {
  private final ElementType type;
  private final long[] dimensions;
  private final ByteBuffer data;

  private Tensor(ElementType type, long[] dimensions, ByteBuffer data) {
    this.type = type;
    this.dimensions = dimensions.clone();
    this.data = data.asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
    if (elements() * type.bytes() != data.remaining()) {
      throw new OptimizerException(
          "a tensor of shape %s has %d bytes (expected: %d)"
              .formatted(Arrays.toString(dimensions), data.remaining(), elements() * type.bytes()));
    }
  }

  /**
   * Reads what a file holds, in whichever of its fields the data lies; large data is not copied.
   *
   * @return empty if the elements are text, complex numbers or less than a byte long
   */
  static Optional<Tensor> of(TensorProto proto) {
    Optional<ElementType> known = ElementType.of(proto.getDataType());
    if (known.isEmpty() || proto.hasSegment()) {
      return Optional.empty();
    }
    ElementType type = known.get();
    long[] dimensions = proto.getDimsList().stream().mapToLong(Long::longValue).toArray();
    if (proto.hasRawData()) {
      return Optional.of(new Tensor(type, dimensions, proto.getRawData().asReadOnlyByteBuffer()));
    }
    long bytes = Math.multiplyExact(count(dimensions), type.bytes());
    ByteBuffer data = ByteBuffer.allocate(Math.toIntExact(bytes)).order(ByteOrder.LITTLE_ENDIAN);
    try {
      switch (type) {
        case FLOAT -> proto.getFloatDataList().forEach(data::putFloat);
        case DOUBLE -> proto.getDoubleDataList().forEach(data::putDouble);
        case INT64 -> proto.getInt64DataList().forEach(data::putLong);
        case UINT64 -> proto.getUint64DataList().forEach(data::putLong);
        case UINT32 -> proto.getUint64DataList().forEach(value -> data.putInt(value.intValue()));
        case INT32 -> proto.getInt32DataList().forEach(data::putInt);
        case UINT16, INT16, FLOAT16, BFLOAT16 ->
            proto.getInt32DataList().forEach(value -> data.putShort(value.shortValue()));
        case UINT8, INT8, BOOL ->
            proto.getInt32DataList().forEach(value -> data.put(value.byteValue()));
      }
    } catch (java.nio.BufferOverflowException tooMany) {
      throw new OptimizerException(
          "tensor '%s' has more elements than its shape %s"
              .formatted(proto.getName(), Arrays.toString(dimensions)),
          tooMany);
    }
    return Optional.of(new Tensor(type, dimensions, data.flip()));
  }

  public static Tensor of(ElementType type, ByteBuffer data, long... dimensions) {
    return new Tensor(type, dimensions, data);
  }

  public static Tensor ofFloats(float[] values, long... dimensions) {
    ByteBuffer data = allocate(4L * values.length);
    data.asFloatBuffer().put(values);
    return new Tensor(ElementType.FLOAT, dimensions, data);
  }

  public static Tensor ofLongs(long[] values, long... dimensions) {
    ByteBuffer data = allocate(8L * values.length);
    data.asLongBuffer().put(values);
    return new Tensor(ElementType.INT64, dimensions, data);
  }

  public static Tensor ofBytes(ElementType type, byte[] values, long... dimensions) {
    return new Tensor(type, dimensions, ByteBuffer.wrap(values.clone()));
  }

  /** A buffer outside the heap for the elements of a new tensor, freed with the last who has it. */
  public static ByteBuffer allocate(long bytes) {
    if (bytes > Integer.MAX_VALUE) {
      throw new OptimizerException(bytes + " bytes in one tensor (expected: less than 2 GiB)");
    }
    return Arena.ofAuto()
        .allocate(Math.max(1, bytes), 64)
        .asSlice(0, bytes)
        .asByteBuffer()
        .order(ByteOrder.LITTLE_ENDIAN);
  }

  public ElementType type() {
    return type;
  }

  public int rank() {
    return dimensions.length;
  }

  public long dimension(int axis) {
    return dimensions[axis];
  }

  public long[] dimensions() {
    return dimensions.clone();
  }

  /** How many elements; 1 for a scalar. */
  public long elements() {
    return count(dimensions);
  }

  public long bytes() {
    return data.remaining();
  }

  /** The elements as they lie in the file, in a view of the caller's own. */
  public ByteBuffer data() {
    return data.duplicate().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The elements of an FP32 tensor, in a view of the caller's own. */
  public FloatBuffer floatBuffer() {
    require(ElementType.FLOAT);
    return data().asFloatBuffer();
  }

  /** A copy of the elements of an FP32 tensor. */
  public float[] floats() {
    float[] values = new float[Math.toIntExact(elements())];
    floatBuffer().get(values);
    return values;
  }

  /** A copy of the elements of a tensor of 32-bit or 64-bit integers. */
  public long[] longs() {
    long[] values = new long[Math.toIntExact(elements())];
    ByteBuffer view = data();
    switch (type) {
      case INT64 -> view.asLongBuffer().get(values);
      case INT32 -> {
        for (int index = 0; index < values.length; index++) {
          values[index] = view.getInt();
        }
      }
      default -> throw new OptimizerException(type + " (expected: INT64 or INT32)");
    }
    return values;
  }

  /** The same elements in another shape. */
  public Tensor reshaped(long... shape) {
    return new Tensor(type, shape, data);
  }

  private void require(ElementType expected) {
    if (type != expected) {
      throw new OptimizerException(type + " (expected: " + expected + ")");
    }
  }

  private static long count(long[] dimensions) {
    long count = 1;
    for (long dimension : dimensions) {
      if (dimension < 0) {
        throw new OptimizerException(
            "shape %s (expected: no negative dimension)".formatted(Arrays.toString(dimensions)));
      }
      count = Math.multiplyExact(count, dimension);
    }
    return count;
  }

  TensorProto.Builder proto(String name) {
    TensorProto.Builder proto = TensorProto.newBuilder().setName(name).setDataType(type.code());
    for (long dimension : dimensions) {
      proto.addDims(dimension);
    }
    return proto;
  }
}
