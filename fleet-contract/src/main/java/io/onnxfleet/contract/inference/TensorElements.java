package io.onnxfleet.contract.inference;

import io.onnxfleet.contract.json.JsonRefusal;
import io.onnxfleet.contract.json.JsonScanner;
import io.onnxfleet.contract.json.JsonToken;
import io.onnxfleet.contract.json.JsonWriter;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;

/**
 * A tensor's elements between JSON and memory: nested or flat they come, flat they leave. Nothing
 * is rounded that need not be, and nothing is wrapped: what does not fit is refused with its place.
 * Nesting is not compared with the shape; the number of elements is. Stateless.
 */
public final class TensorElements {

  private static final int LONGEST_IN_MESSAGE = 120;

  private TensorElements() {}

  /**
   * Reads the scanner's next value into memory, from its position on.
   *
   * @param type of a fixed size, and one that JSON can hold
   * @param target of little-endian order
   * @param expected how many elements there must be
   * @param shape for messages
   */
  public static void read(
      JsonScanner json,
      Datatype type,
      ByteBuffer target,
      long expected,
      Object shape,
      JsonRefusal refusal)
      throws IOException {
    long count = 0;
    int depth = 0;
    JsonToken token = json.nextToken();
    while (true) {
      switch (token) {
        case START_ARRAY -> depth++;
        case END_ARRAY -> depth--;
        default -> {
          if (count == expected) {
            throw tooMany(shape, expected, refusal);
          }
          put(json, token, type, target, count++, refusal);
          if (type == Datatype.FP32) {
            count += json.moreFloats(target, expected - count);
          }
        }
      }
      if (depth == 0) {
        break;
      }
      token = json.nextToken();
    }
    requireCount(count, shape, expected, refusal);
  }

  private static void put(
      JsonScanner json,
      JsonToken token,
      Datatype type,
      ByteBuffer target,
      long index,
      JsonRefusal refusal) {
    switch (type) {
      case FP32 -> {
        float value = isNumber(token) ? json.floatValue() : Float.NaN;
        if (!Float.isFinite(value)) {
          throw unfit(json, type, index, refusal);
        }
        target.putFloat(value);
      }
      case FP64 -> {
        double value = isNumber(token) ? json.doubleValue() : Double.NaN;
        if (!Double.isFinite(value)) {
          throw unfit(json, type, index, refusal);
        }
        target.putDouble(value);
      }
      case INT64 -> target.putLong(integer(json, type, index, refusal));
      case INT32 -> target.putInt((int) inRange(json, type, index, Integer.MIN_VALUE, refusal));
      case INT16 -> target.putShort((short) inRange(json, type, index, Short.MIN_VALUE, refusal));
      case INT8 -> target.put((byte) inRange(json, type, index, Byte.MIN_VALUE, refusal));
      case UINT8 -> target.put((byte) unsigned(json, type, index, 0xFFL, refusal));
      case UINT16 -> target.putShort((short) unsigned(json, type, index, 0xFFFFL, refusal));
      case UINT32 -> target.putInt((int) unsigned(json, type, index, 0xFFFF_FFFFL, refusal));
      case UINT64 -> target.putLong(unsigned64(json, token, type, index, refusal));
      case BOOL -> {
        if (token != JsonToken.VALUE_TRUE && token != JsonToken.VALUE_FALSE) {
          throw unfit(json, type, index, refusal);
        }
        target.put((byte) (token == JsonToken.VALUE_TRUE ? 1 : 0));
      }
      case FP16, BF16, BYTES -> throw new AssertionError(type);
    }
  }

  private static boolean isNumber(JsonToken token) {
    return token == JsonToken.VALUE_NUMBER_FLOAT || token == JsonToken.VALUE_NUMBER_INT;
  }

  private static long integer(JsonScanner json, Datatype type, long index, JsonRefusal refusal) {
    if (!json.isLong()) {
      throw unfit(json, type, index, refusal);
    }
    return json.longValue();
  }

  private static long inRange(
      JsonScanner json, Datatype type, long index, long smallest, JsonRefusal refusal) {
    long value = integer(json, type, index, refusal);
    if (value < smallest || value > -(smallest + 1)) {
      throw unfit(json, type, index, refusal);
    }
    return value;
  }

  private static long unsigned(
      JsonScanner json, Datatype type, long index, long largest, JsonRefusal refusal) {
    long value = integer(json, type, index, refusal);
    if (value < 0 || value > largest) {
      throw unfit(json, type, index, refusal);
    }
    return value;
  }

  private static long unsigned64(
      JsonScanner json, JsonToken token, Datatype type, long index, JsonRefusal refusal) {
    if (token == JsonToken.VALUE_NUMBER_INT && !json.isLong()) {
      BigInteger value = json.integerValue();
      if (value.signum() > 0 && value.bitLength() <= Long.SIZE) {
        return value.longValue();
      }
      throw unfit(json, type, index, refusal);
    }
    return unsigned(json, type, index, Long.MAX_VALUE, refusal);
  }

  /**
   * Checks the scanner's next value to be so many texts. Their bytes go where {@link
   * JsonScanner#stringsTo} says.
   *
   * @param shape for messages
   */
  public static void readTexts(JsonScanner json, long expected, Object shape, JsonRefusal refusal)
      throws IOException {
    long count = 0;
    int depth = 0;
    do {
      JsonToken token = json.nextToken();
      switch (token) {
        case START_ARRAY -> depth++;
        case END_ARRAY -> depth--;
        case VALUE_STRING -> {
          if (count == expected) {
            throw tooMany(shape, expected, refusal);
          }
          if (json.isHalfSurrogate()) {
            throw refusal.of(
                "element %d holds half of a surrogate pair (expected Unicode text)"
                    .formatted(count));
          }
          count++;
        }
        default -> throw unfit(json, Datatype.BYTES, count, refusal);
      }
    } while (depth > 0);
    requireCount(count, shape, expected, refusal);
  }

  private static void requireCount(long count, Object shape, long expected, JsonRefusal refusal) {
    if (count != expected) {
      throw refusal.of("%d elements for shape %s (expected %d)".formatted(count, shape, expected));
    }
  }

  private static RuntimeException tooMany(Object shape, long expected, JsonRefusal refusal) {
    return refusal.of(
        "more than %d elements for shape %s (expected %d)".formatted(expected, shape, expected));
  }

  private static RuntimeException unfit(
      JsonScanner json, Datatype type, long index, JsonRefusal refusal) {
    String value =
        switch (json.currentToken()) {
          case VALUE_STRING -> "'" + shortened(json.string()) + "'";
          case START_OBJECT -> "an object";
          default -> shortened(json.string());
        };
    return refusal.of("element %d is %s (expected %s)".formatted(index, value, expectation(type)));
  }

  private static String shortened(String text) {
    return text.length() <= LONGEST_IN_MESSAGE
        ? text
        : text.substring(0, LONGEST_IN_MESSAGE) + "...";
  }

  private static String expectation(Datatype type) {
    return switch (type) {
      case BOOL -> "true or false";
      case BYTES -> "a string";
      case FP32, FP64 ->
          "a finite number in the range of %s; NaN and infinite values travel as %s"
              .formatted(type, JsonScanner.BINARY_FORM);
      default -> range(type);
    };
  }

  private static String range(Datatype type) {
    int bits = type.byteSize() * Byte.SIZE;
    boolean unsigned = type.name().startsWith("U");
    BigInteger end = BigInteger.TWO.pow(unsigned ? bits : bits - 1);
    BigInteger first = unsigned ? BigInteger.ZERO : end.negate();
    return "an integer from " + first + " to " + end.subtract(BigInteger.ONE);
  }

  /**
   * Writes elements as numbers, booleans or strings, with commas between them.
   *
   * @param type that JSON can hold
   * @param data of little-endian order, whose position moves to its limit; finite and well-formed
   */
  public static void write(JsonWriter json, Datatype type, ByteBuffer data) throws IOException {
    switch (type) {
      case FP32 -> json.floats(data);
      case FP64 -> json.doubles(data);
      case INT8 -> json.integers(data, ByteBuffer::get);
      case INT16 -> json.integers(data, ByteBuffer::getShort);
      case INT32 -> json.integers(data, ByteBuffer::getInt);
      case INT64 -> json.integers(data, ByteBuffer::getLong);
      case UINT8 -> json.integers(data, values -> Byte.toUnsignedLong(values.get()));
      case UINT16 -> json.integers(data, values -> Short.toUnsignedLong(values.getShort()));
      case UINT32 -> json.integers(data, values -> Integer.toUnsignedLong(values.getInt()));
      case UINT64 -> json.unsignedLongs(data);
      case BOOL -> {
        while (data.hasRemaining()) {
          json.raw(data.get() != 0 ? "true" : "false").raw(data.hasRemaining() ? "," : "");
        }
      }
      case BYTES -> {
        while (data.hasRemaining()) {
          json.string(next(data)).raw(data.hasRemaining() ? "," : "");
        }
      }
      case FP16, BF16 -> throw new AssertionError(type);
    }
  }

  /** The next of elements with lengths of their own. */
  public static ByteBuffer next(ByteBuffer data) {
    int length = data.getInt();
    ByteBuffer element = data.slice(data.position(), length);
    data.position(data.position() + length);
    return element;
  }

  /** The datatype of a name. */
  static Datatype parse(String name, JsonRefusal refusal) {
    for (Datatype type : Datatype.values()) {
      if (type.name().equals(name)) {
        return type;
      }
    }
    throw refusal.of(
        "datatype '%s' (expected one of the protocol's, e.g. FP32)".formatted(shortened(name)));
  }
}
