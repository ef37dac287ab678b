package io.onnxfleet.inference.protocol.v2.codec;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.inference.protocol.http.Json;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.StandardCharsets;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * Reads a tensor's {@code data}, nested or flat, straight from the parser into pooled memory.
 * Nesting is not compared with the shape; the number of elements is.
 */
final class JsonElements {
  private JsonElements() {}

  /**
   * The tensor whose elements are the parser's current value, which is consumed.
   *
   * @throws InferenceException if an element or their number does not fit; no memory is kept then
   */
  static Tensor read(JsonParser parser, BufferPool pool, DataType type, Shape shape) {
    return switch (type) {
      case FP16, BF16 ->
          throw InferenceException.invalidInput(
              "%s data in JSON (expected binary data: %s travels in binary only)", type, type);
      case BYTES -> readStrings(parser, pool, shape);
      case BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP32, FP64 ->
          readFixedSize(parser, pool, type, shape);
    };
  }

  private static Tensor readFixedSize(
      JsonParser parser, BufferPool pool, DataType type, Shape shape) {
    Tensor tensor = Tensor.allocate(pool, type, shape);
    try {
      ByteBuffer target = tensor.data();
      long expected = shape.elementCount();
      long count = 0;
      int depth = 0;
      JsonToken token = parser.currentToken();
      do {
        switch (token) {
          case START_ARRAY -> depth++;
          case END_ARRAY -> depth--;
          default -> {
            if (count == expected) {
              throw tooMany(shape, expected);
            }
            put(parser, token, type, target, count++);
          }
        }
      } while (depth > 0 && (token = parser.nextToken()) != null);
      requireCount(count, shape, expected);
      return tensor;
    } catch (Throwable failure) {
      tensor.close();
      throw failure;
    }
  }

  private static void put(
      JsonParser parser, JsonToken token, DataType type, ByteBuffer target, long index) {
    switch (type) {
      case FP32 -> {
        float value = isNumber(token) ? parser.getFloatValue() : Float.NaN;
        if (!Float.isFinite(value)) {
          throw unfit(parser, type, index);
        }
        target.putFloat(value);
      }
      case FP64 -> {
        double value = isNumber(token) ? parser.getDoubleValue() : Double.NaN;
        if (!Double.isFinite(value)) {
          throw unfit(parser, type, index);
        }
        target.putDouble(value);
      }
      case INT64 -> target.putLong(integer(parser, token, type, index));
      case INT32 -> target.putInt((int) inRange(parser, token, type, index, Integer.MIN_VALUE));
      case INT16 -> target.putShort((short) inRange(parser, token, type, index, Short.MIN_VALUE));
      case INT8 -> target.put((byte) inRange(parser, token, type, index, Byte.MIN_VALUE));
      case UINT8 -> target.put((byte) unsigned(parser, token, type, index, 0xFFL));
      case UINT16 -> target.putShort((short) unsigned(parser, token, type, index, 0xFFFFL));
      case UINT32 -> target.putInt((int) unsigned(parser, token, type, index, 0xFFFF_FFFFL));
      case UINT64 -> target.putLong(unsigned64(parser, token, type, index));
      case BOOL -> {
        if (token != JsonToken.VALUE_TRUE && token != JsonToken.VALUE_FALSE) {
          throw unfit(parser, type, index);
        }
        target.put((byte) (token == JsonToken.VALUE_TRUE ? 1 : 0));
      }
      case FP16, BF16, BYTES -> throw new AssertionError(type);
    }
  }

  private static boolean isNumber(JsonToken token) {
    return token == JsonToken.VALUE_NUMBER_FLOAT || token == JsonToken.VALUE_NUMBER_INT;
  }

  private static long integer(JsonParser parser, JsonToken token, DataType type, long index) {
    if (token == JsonToken.VALUE_NUMBER_INT) {
      switch (parser.getNumberType()) {
        case INT -> {
          return parser.getIntValue();
        }
        case LONG -> {
          return parser.getLongValue();
        }
        case BIG_INTEGER, FLOAT, DOUBLE, BIG_DECIMAL -> {}
      }
    }
    throw unfit(parser, type, index);
  }

  private static long inRange(
      JsonParser parser, JsonToken token, DataType type, long index, long smallest) {
    long value = integer(parser, token, type, index);
    if (value < smallest || value > -(smallest + 1)) {
      throw unfit(parser, type, index);
    }
    return value;
  }

  private static long unsigned(
      JsonParser parser, JsonToken token, DataType type, long index, long largest) {
    long value = integer(parser, token, type, index);
    if (value < 0 || value > largest) {
      throw unfit(parser, type, index);
    }
    return value;
  }

  private static long unsigned64(JsonParser parser, JsonToken token, DataType type, long index) {
    if (token == JsonToken.VALUE_NUMBER_INT
        && parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
      BigInteger value = parser.getBigIntegerValue();
      if (value.signum() > 0 && value.bitLength() <= Long.SIZE) {
        return value.longValue();
      }
      throw unfit(parser, type, index);
    }
    return unsigned(parser, token, type, index, Long.MAX_VALUE);
  }

  private static Tensor readStrings(JsonParser parser, BufferPool pool, Shape shape) {
    ByteSink bytes = new ByteSink();
    CharsetEncoder encoder = StandardCharsets.UTF_8.newEncoder();
    long expected = shape.elementCount();
    long count = 0;
    int depth = 0;
    JsonToken token = parser.currentToken();
    do {
      switch (token) {
        case START_ARRAY -> depth++;
        case END_ARRAY -> depth--;
        case VALUE_STRING -> {
          if (count == expected) {
            throw tooMany(shape, expected);
          }
          putString(parser, encoder, bytes, count++);
        }
        default -> throw unfit(parser, DataType.BYTES, count);
      }
    } while (depth > 0 && (token = parser.nextToken()) != null);
    requireCount(count, shape, expected);
    Tensor tensor = Tensor.ofByteSize(pool, DataType.BYTES, shape, bytes.size());
    tensor.data().put(bytes.array(), 0, bytes.size());
    return tensor;
  }

  private static void putString(
      JsonParser parser, CharsetEncoder encoder, ByteSink bytes, long index) {
    int length = parser.getStringLength();
    CharBuffer text =
        CharBuffer.wrap(parser.getStringCharacters(), parser.getStringOffset(), length);
    int bound = (int) Math.min(Integer.MAX_VALUE - 16L, 3L * length);
    ByteBuffer room = bytes.room(Integer.BYTES + bound).order(ByteOrder.LITTLE_ENDIAN);
    room.position(Integer.BYTES);
    if (encoder.reset().encode(text, room, true).isError()) {
      throw InferenceException.invalidInput(
          "element %d holds half of a surrogate pair (expected Unicode text)", index);
    }
    room.putInt(0, room.position() - Integer.BYTES);
    bytes.claim(room.position());
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

  private static InferenceException unfit(JsonParser parser, DataType type, long index) {
    JsonToken token = parser.currentToken();
    String value =
        switch (token) {
          case VALUE_STRING -> "'" + Json.shortened(parser.getString()) + "'";
          case START_OBJECT -> "an object";
          default -> Json.shortened(parser.getString());
        };
    return InferenceException.invalidInput(
        "element %d is %s (expected %s)", index, value, expectation(type));
  }

  private static String expectation(DataType type) {
    return switch (type) {
      case BOOL -> "true or false";
      case BYTES -> "a string";
      case FP32 -> "a finite number in the range of FP32";
      case FP64 -> "a finite number in the range of FP64";
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
