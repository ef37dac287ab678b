package io.onnxfleet.engine.tensor;

import io.onnxfleet.engine.error.InferenceException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Typed, shaped data in direct memory of a {@link BufferPool}: row-major, little-endian, without
 * padding, which is both the wire's binary form and ONNX Runtime's. {@link DataType#BYTES} elements
 * follow each other as a uint32 length and that many bytes.
 *
 * <p>A tensor is one reference to its memory; {@link #close()} gives it up, and slices made by
 * {@link TensorRows} are references of their own. Not thread-safe, but may be handed from thread to
 * thread.
 */
public final class Tensor implements AutoCloseable {
  static {
    if (ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN) {
      throw new ExceptionInInitializerError("tensors need a little-endian machine");
    }
  }

  private final DataType dataType;
  private final Shape shape;
  private final PooledBuffer buffer;
  private final int offset;
  private final int byteSize;
  private final AtomicBoolean closed = new AtomicBoolean();

  Tensor(DataType dataType, Shape shape, PooledBuffer buffer, int offset, int byteSize) {
    this.dataType = dataType;
    this.shape = shape;
    this.buffer = buffer;
    this.offset = offset;
    this.byteSize = byteSize;
  }

  /**
   * A tensor of a fixed-size type whose elements are still to be written, all of them.
   *
   * @throws InferenceException if the shape is variable or too large, or memory is used up
   */
  public static Tensor allocate(BufferPool pool, DataType dataType, Shape shape) {
    if (!dataType.isFixedSize()) {
      throw new IllegalArgumentException(dataType + " (expected a type of fixed size)");
    }
    return ofByteSize(pool, dataType, shape, byteSize(dataType, shape));
  }

  /**
   * A tensor that occupies that many bytes, all still to be written; {@link
   * BytesElements#requireWellFormed} says whether what was written into one of {@link
   * DataType#BYTES} makes sense.
   */
  public static Tensor ofByteSize(BufferPool pool, DataType dataType, Shape shape, long byteSize) {
    PooledBuffer buffer = pool.acquire(byteSize);
    return new Tensor(dataType, shape, buffer, 0, (int) byteSize);
  }

  /**
   * Bytes that a tensor of this fixed-size type and shape occupies.
   *
   * @throws InferenceException if they are 2^63 or more
   */
  public static long byteSize(DataType dataType, Shape shape) {
    long elements = shape.elementCount();
    if (elements > Long.MAX_VALUE / Math.max(1, dataType.byteSize())) {
      throw InferenceException.invalidInput("shape: %s (expected fewer than 2^63 bytes)", shape);
    }
    return elements * dataType.byteSize();
  }

  public static Tensor ofFloats(BufferPool pool, Shape shape, float... values) {
    requireCount(shape, values.length);
    Tensor tensor = allocate(pool, DataType.FP32, shape);
    tensor.data().asFloatBuffer().put(values);
    return tensor;
  }

  public static Tensor ofLongs(BufferPool pool, Shape shape, long... values) {
    requireCount(shape, values.length);
    Tensor tensor = allocate(pool, DataType.INT64, shape);
    tensor.data().asLongBuffer().put(values);
    return tensor;
  }

  public static Tensor ofInts(BufferPool pool, Shape shape, int... values) {
    requireCount(shape, values.length);
    Tensor tensor = allocate(pool, DataType.INT32, shape);
    tensor.data().asIntBuffer().put(values);
    return tensor;
  }

  /** A {@link DataType#BYTES} tensor of the UTF-8 forms of these strings. */
  public static Tensor ofStrings(BufferPool pool, Shape shape, List<String> values) {
    List<byte[]> elements = new ArrayList<>(values.size());
    for (String value : values) {
      elements.add(value.getBytes(StandardCharsets.UTF_8));
    }
    return ofBytes(pool, shape, elements);
  }

  /** A {@link DataType#BYTES} tensor of these elements. */
  public static Tensor ofBytes(BufferPool pool, Shape shape, List<byte[]> elements) {
    requireCount(shape, elements.size());
    long byteSize = 0;
    for (byte[] element : elements) {
      byteSize += Integer.BYTES + (long) element.length;
    }
    Tensor tensor = ofByteSize(pool, DataType.BYTES, shape, byteSize);
    ByteBuffer data = tensor.data();
    for (byte[] element : elements) {
      data.putInt(element.length).put(element);
    }
    return tensor;
  }

  private static void requireCount(Shape shape, int count) {
    if (shape.elementCount() != count) {
      throw InferenceException.invalidInput(
          "%d elements for shape %s (expected %d)", count, shape, shape.elementCount());
    }
  }

  public DataType dataType() {
    return dataType;
  }

  /** A concrete shape. */
  public Shape shape() {
    return shape;
  }

  public int byteSize() {
    return byteSize;
  }

  /** The size along the batch axis; 1 for a scalar. */
  public long rows() {
    return shape.rank() == 0 ? 1 : shape.dim(0);
  }

  /**
   * The memory as a new little-endian view from position 0 to the end of the data. It must not be
   * used after {@link #close()}.
   */
  public ByteBuffer data() {
    requireOpen();
    return buffer.memory().slice(offset, byteSize).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The same memory under another concrete shape of as many elements; closes with this tensor. */
  public Tensor reshape(Shape other) {
    requireOpen();
    if (other.elementCount() != shape.elementCount()) {
      throw InferenceException.invalidInput(
          "shape: %s (expected as many elements as %s)", other, shape);
    }
    return new Tensor(dataType, other, buffer.retain(), offset, byteSize);
  }

  /** A second reference to the same data, to be closed on its own. */
  public Tensor share() {
    return view(shape, 0, byteSize);
  }

  /** A reference of its own to a part of this tensor's bytes. */
  Tensor view(Shape part, int from, int size) {
    requireOpen();
    return new Tensor(dataType, part, buffer.retain(), offset + from, size);
  }

  /** Gives the memory up; a second call does nothing. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      buffer.release();
    }
  }

  private void requireOpen() {
    if (closed.get()) {
      throw new IllegalStateException("the tensor " + this + " is closed");
    }
  }

  /** For example {@code FP32[2,384]}. */
  @Override
  public String toString() {
    return dataType + shape.toString();
  }
}
