package io.onnxfleet.inference.protocol.v2.codec;

import io.onnxfleet.contract.json.ByteSink;
import io.onnxfleet.contract.json.JsonScanner;
import io.onnxfleet.contract.json.JsonToken;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.inference.protocol.http.Json;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;

/**
 * Reads a tensor's {@code data}, nested or flat, straight from the scanner into pooled memory.
 * Nesting is not compared with the shape; the number of elements is.
 */
final class JsonElements {
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
      ByteBuffer target = tensor.data();
      long expected = shape.elementCount();
      long count = 0;
      int depth = 0;
      JsonToken token = json.nextToken();
      while (true) {
        switch (token) {
          case START_ARRAY -> depth++;
          case END_ARRAY -> depth--;
          default -> {
            if (count == expected) {
              throw tooMany(shape, expected);
            }
            put(json, token, type, target, count++);
            if (type == DataType.FP32) {
              count += json.moreFloats(target, expected - count);
            }
          }
        }
        if (depth == 0) {
          break;
        }
        token = json.nextToken();
      }
      requireCount(count, shape, expected);
      return tensor;
    } catch (Throwable failure) {
      tensor.close();
      throw failure;
    }
  }

  private static void put(
      JsonScanner json, JsonToken token, DataType type, ByteBuffer target, long index) {
    switch (type) {
      case FP32 -> {
        float value = isNumber(token) ? json.floatValue() : Float.NaN;
        if (!Float.isFinite(value)) {
          throw unfit(json, type, index);
        }
        target.putFloat(value);
      }
      case FP64 -> {
        double value = isNumber(token) ? json.doubleValue() : Double.NaN;
        if (!Double.isFinite(value)) {
          throw unfit(json, type, index);
        }
        target.putDouble(value);
      }
      case INT64 -> target.putLong(integer(json, type, index));
      case INT32 -> target.putInt((int) inRange(json, type, index, Integer.MIN_VALUE));
      case INT16 -> target.putShort((short) inRange(json, type, index, Short.MIN_VALUE));
      case INT8 -> target.put((byte) inRange(json, type, index, Byte.MIN_VALUE));
      case UINT8 -> target.put((byte) unsigned(json, type, index, 0xFFL));
      case UINT16 -> target.putShort((short) unsigned(json, type, index, 0xFFFFL));
      case UINT32 -> target.putInt((int) unsigned(json, type, index, 0xFFFF_FFFFL));
      case UINT64 -> target.putLong(unsigned64(json, token, type, index));
      case BOOL -> {
        if (token != JsonToken.VALUE_TRUE && token != JsonToken.VALUE_FALSE) {
          throw unfit(json, type, index);
        }
        target.put((byte) (token == JsonToken.VALUE_TRUE ? 1 : 0));
      }
      case FP16, BF16, BYTES -> throw new AssertionError(type);
    }
  }

  private static boolean isNumber(JsonToken token) {
    return token == JsonToken.VALUE_NUMBER_FLOAT || token == JsonToken.VALUE_NUMBER_INT;
  }

  private static long integer(JsonScanner json, DataType type, long index) {
    if (!json.isLong()) {
      throw unfit(json, type, index);
    }
    return json.longValue();
  }

  private static long inRange(JsonScanner json, DataType type, long index, long smallest) {
    long value = integer(json, type, index);
    if (value < smallest || value > -(smallest + 1)) {
      throw unfit(json, type, index);
    }
    return value;
  }

  private static long unsigned(JsonScanner json, DataType type, long index, long largest) {
    long value = integer(json, type, index);
    if (value < 0 || value > largest) {
      throw unfit(json, type, index);
    }
    return value;
  }

  private static long unsigned64(JsonScanner json, JsonToken token, DataType type, long index) {
    if (token == JsonToken.VALUE_NUMBER_INT && !json.isLong()) {
      BigInteger value = json.integerValue();
      if (value.signum() > 0 && value.bitLength() <= Long.SIZE) {
        return value.longValue();
      }
      throw unfit(json, type, index);
    }
    return unsigned(json, type, index, Long.MAX_VALUE);
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
      readStrings(json, shape);
    } finally {
      json.stringsTo(null);
    }
    Tensor tensor = Tensor.ofByteSize(pool, DataType.BYTES, shape, bytes.size());
    tensor.data().put(bytes.array(), 0, bytes.size());
    return tensor;
  }

  private static void readStrings(JsonScanner json, Shape shape) throws IOException {
    long expected = shape.elementCount();
    long count = 0;
    int depth = 0;
    do {
      JsonToken token = json.nextToken();
      switch (token) {
        case START_ARRAY -> depth++;
        case END_ARRAY -> depth--;
        case VALUE_STRING -> {
          if (count == expected) {
            throw tooMany(shape, expected);
          }
          if (json.isHalfSurrogate()) {
            throw InferenceException.invalidInput(
                "element %d holds half of a surrogate pair (expected Unicode text)", count);
          }
          count++;
        }
        default -> throw unfit(json, DataType.BYTES, count);
      }
    } while (depth > 0);
    requireCount(count, shape, expected);
  }

  private static void requireCount(long count, Shape shape, long expected) {
    if (count != expected) {
      throw InferenceException.invalidInput(
          "%d elements for shape %s (expected %d)", count, shape, expected);
    }
  }

  private static InferenceException tooMany(Shape shape, long expected) {
    return InferenceException.invalidInput(
        "more than %d elements for shape %s (expected %d)", expected, shape, expected);
  }

  private static InferenceException unfit(JsonScanner json, DataType type, long index) {
    JsonToken token = json.currentToken();
    String value =
        switch (token) {
          case VALUE_STRING -> "'" + Json.shortened(json.string()) + "'";
          case START_OBJECT -> "an object";
          default -> Json.shortened(json.string());
        };
    return InferenceException.invalidInput(
        "element %d is %s (expected %s)", index, value, expectation(type));
  }

  private static String expectation(DataType type) {
    return switch (type) {
      case BOOL -> "true or false";
      case BYTES -> "a string";
      case FP32, FP64 ->
          "a finite number in the range of %s; NaN and infinite values travel as %s"
              .formatted(type, JsonScanner.BINARY_FORM);
      default -> range(type);
    };
  }

  private static String range(DataType type) {
    int bits = type.byteSize() * Byte.SIZE;
    boolean unsigned = type.name().startsWith("U");
    BigInteger end = BigInteger.TWO.pow(unsigned ? bits : bits - 1);
    BigInteger first = unsigned ? BigInteger.ZERO : end.negate();
    return "an integer from " + first + " to " + end.subtract(BigInteger.ONE);
  }
}
