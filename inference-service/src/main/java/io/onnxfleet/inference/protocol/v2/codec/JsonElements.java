package io.onnxfleet.inference.protocol.v2.codec;

import io.onnxfleet.contract.inference.Datatype;
import io.onnxfleet.contract.inference.TensorElements;
import io.onnxfleet.contract.json.ByteSink;
import io.onnxfleet.contract.json.JsonScanner;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import java.io.IOException;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/**
 * Reads a tensor's {@code data}, nested or flat, straight from the scanner into pooled memory.
 * Nesting is not compared with the shape; the number of elements is.
 */
final class JsonElements {
  /** The names are the same. */
  private static final Map<DataType, Datatype> WIRE = new EnumMap<>(DataType.class);

  static {
    for (DataType type : DataType.values()) {
      WIRE.put(type, Datatype.valueOf(type.name()));
    }
  }

  private JsonElements() {}

  /**
   * The tensor whose elements are the scanner's next value, which is consumed.
   *
   * @param most bytes that the value can have
   * @throws InferenceException if an element or their number does not fit; no memory is kept then
   */
  static Tensor readNext(JsonScanner json, BufferPool pool, DataType type, Shape shape, long most)
      throws IOException {
    return switch (type) {
      case FP16, BF16 ->
          throw InferenceException.invalidInput(
              "%s data in JSON (expected binary data: %s travels in binary only)", type, type);
      case BYTES -> readStrings(json, pool, shape, new ByteSink(most + most / 3 + Integer.BYTES));
      case BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP32, FP64 ->
          readFixedSize(json, pool, type, shape);
    };
  }

  private static Tensor readFixedSize(JsonScanner json, BufferPool pool, DataType type, Shape shape)
      throws IOException {
    Tensor tensor = Tensor.allocate(pool, type, shape);
    try {
      TensorElements.read(
          json, wire(type), tensor.data(), shape.elementCount(), shape, InvalidJson.REFUSAL);
      return tensor;
    } catch (Throwable failure) {
      tensor.close();
      throw failure;
    }
  }

  /** A type as it travels. */
  static Datatype wire(DataType type) {
    return Objects.requireNonNull(WIRE.get(type));
  }

  /**
   * The same of a value that is held as a whole, of {@code size} bytes: twice as much is never
   * held.
   */
  static Tensor readHeld(JsonScanner json, BufferPool pool, DataType type, Shape shape, int size)
      throws IOException {
    if (type != DataType.BYTES) {
      return readNext(json, pool, type, shape, size);
    }
    // An element is at least two quotes and a comma, and takes four bytes.
    long elements = Math.min(shape.elementCount(), size / 3 + 1);
    return readStrings(json, pool, shape, ByteSink.ofNearly(size + Integer.BYTES * elements));
  }

  private static Tensor readStrings(JsonScanner json, BufferPool pool, Shape shape, ByteSink bytes)
      throws IOException {
    json.stringsTo(bytes);
    try {
      TensorElements.readTexts(json, shape.elementCount(), shape, InvalidJson.REFUSAL);
    } finally {
      json.stringsTo(null);
    }
    Tensor tensor = Tensor.ofByteSize(pool, DataType.BYTES, shape, bytes.size());
    tensor.data().put(bytes.array(), 0, bytes.size());
    return tensor;
  }
}
