package io.onnxfleet.engine.proof;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import io.onnxfleet.engine.tensor.BytesElements;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Compares two answers of one output: type, full shape and every value. A NaN equals a NaN in its
 * place, an infinity one of its sign. What it says of a difference holds figures, never data.
 * Stateless, thread-safe.
 */
public final class TensorComparison {
  private TensorComparison() {}

  /** The largest finite magnitude among the values; 0 of texts. */
  public static double largestMagnitude(Tensor tensor) {
    if (tensor.dataType() == DataType.BYTES) {
      double largest = 0;
      for (byte[] element : BytesElements.read(tensor)) {
        largest = Math.max(largest, largestOfMap(element));
      }
      return largest;
    }
    double largest = 0;
    ByteBuffer data = tensor.data();
    while (data.hasRemaining()) {
      double magnitude = Math.abs(next(data, tensor.dataType()));
      largest = magnitude <= Double.MAX_VALUE ? Math.max(largest, magnitude) : largest;
    }
    return largest;
  }

  /**
   * What differs, or null if nothing does beyond the tolerance.
   *
   * @param maps true if the elements are maps, written as JSON objects
   * @param largest the largest magnitude of the output, over all that it is compared in
   */
  public static @Nullable String difference(
      Tensor expected, Tensor actual, boolean maps, Tolerance tolerance, double largest) {
    if (expected.dataType() != actual.dataType()) {
      return "of type %s (alone %s)".formatted(actual.dataType(), expected.dataType());
    }
    if (!expected.shape().equals(actual.shape())) {
      return "of shape %s (alone %s)".formatted(actual.shape(), expected.shape());
    }
    double allowed = tolerance.of(largest);
    if (expected.dataType() == DataType.BYTES) {
      return texts(expected, actual, maps, allowed);
    }
    if (allowed == 0 || isExactType(expected.dataType())) {
      return exact(expected, actual, allowed);
    }
    double worst = 0;
    long differing = 0;
    ByteBuffer one = expected.data();
    ByteBuffer other = actual.data();
    while (one.hasRemaining()) {
      double difference =
          difference(next(one, expected.dataType()), next(other, expected.dataType()));
      if (difference > allowed) {
        differing++;
        worst = Math.max(worst, difference);
      }
    }
    return differing == 0 ? null : described(worst, largest, differing, expected);
  }

  /**
   * What differs by more than so much of the largest magnitude of the same element, or null.
   *
   * @param alike tensors of the same type and shape, among which that magnitude is
   */
  static @Nullable String difference(
      Tensor expected, Tensor actual, List<Tensor> alike, double relative) {
    if (isExactType(expected.dataType())) {
      return null;
    }
    ByteBuffer one = expected.data();
    ByteBuffer other = actual.data();
    List<ByteBuffer> others = alike.stream().map(Tensor::data).toList();
    double worst = 0;
    double magnitude = 0;
    long differing = 0;
    while (one.hasRemaining()) {
      double difference =
          difference(next(one, expected.dataType()), next(other, expected.dataType()));
      double largest = 0;
      for (ByteBuffer data : others) {
        double value = Math.abs(next(data, expected.dataType()));
        largest = value <= Double.MAX_VALUE ? Math.max(largest, value) : largest;
      }
      if (difference > relative * largest) {
        differing++;
        worst = Math.max(worst, difference);
        magnitude = Math.max(magnitude, largest);
      }
    }
    return differing == 0 ? null : described(worst, magnitude, differing, expected);
  }

  private static String described(double worst, double largest, long differing, Tensor tensor) {
    return "values differ by up to %.3g of a largest magnitude of %.3g, at %d of %d elements"
        .formatted(worst, largest, differing, tensor.shape().elementCount());
  }

  private static boolean isExactType(DataType type) {
    return switch (type) {
      case FP16, BF16, FP32, FP64 -> false;
      case BOOL, INT8, UINT8, INT16, UINT16, INT32, UINT32, INT64, UINT64, BYTES -> true;
    };
  }

  private static @Nullable String exact(Tensor expected, Tensor actual, double allowed) {
    DataType type = expected.dataType();
    ByteBuffer one = expected.data();
    ByteBuffer other = actual.data();
    long differing = 0;
    while (one.hasRemaining()) {
      boolean same =
          (type == DataType.INT64 || type == DataType.UINT64)
              ? one.getLong() == other.getLong()
              : difference(next(one, type), next(other, type)) <= allowed;
      differing += same ? 0 : 1;
    }
    return differing == 0
        ? null
        : "%d of %d elements differ".formatted(differing, expected.shape().elementCount());
  }

  private static @Nullable String texts(
      Tensor expected, Tensor actual, boolean maps, double allowed) {
    List<byte[]> one = BytesElements.read(expected);
    List<byte[]> other = BytesElements.read(actual);
    long differing = 0;
    for (int index = 0; index < one.size(); index++) {
      boolean same =
          Arrays.equals(one.get(index), other.get(index))
              || (maps && isSameMap(one.get(index), other.get(index), allowed));
      differing += same ? 0 : 1;
    }
    return differing == 0 ? null : "%d of %d elements differ".formatted(differing, one.size());
  }

  private static boolean isSameMap(byte[] one, byte[] other, double allowed) {
    JsonObject first = map(one);
    JsonObject second = map(other);
    if (first == null || second == null || !first.keySet().equals(second.keySet())) {
      return false;
    }
    for (String key : first.keySet()) {
      if (!isSame(first.get(key), second.get(key), allowed)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isSame(JsonElement one, JsonElement other, double allowed) {
    return one.equals(other)
        || (isNumber(one)
            && isNumber(other)
            && difference(one.getAsDouble(), other.getAsDouble()) <= allowed);
  }

  private static boolean isNumber(JsonElement value) {
    return value instanceof JsonPrimitive primitive && primitive.isNumber();
  }

  private static double largestOfMap(byte[] element) {
    JsonObject map = map(element);
    double largest = 0;
    if (map != null) {
      for (JsonElement value : map.asMap().values()) {
        double magnitude = isNumber(value) ? Math.abs(value.getAsDouble()) : 0;
        largest = magnitude <= Double.MAX_VALUE ? Math.max(largest, magnitude) : largest;
      }
    }
    return largest;
  }

  private static @Nullable JsonObject map(byte[] element) {
    if (element.length < 2 || element[0] != '{') {
      return null;
    }
    try {
      return JsonParser.parseString(new String(element, StandardCharsets.UTF_8)).getAsJsonObject();
    } catch (RuntimeException noMap) {
      return null;
    }
  }

  /** 0 if they are the same in place, also where neither is a number. */
  private static double difference(double one, double other) {
    if (Double.compare(one, other) == 0 || one == other) {
      return 0;
    }
    double difference = Math.abs(one - other);
    return Double.isNaN(difference) ? Double.POSITIVE_INFINITY : difference;
  }

  private static double next(ByteBuffer data, DataType type) {
    return switch (type) {
      case BOOL, UINT8 -> Byte.toUnsignedInt(data.get());
      case INT8 -> data.get();
      case UINT16 -> Short.toUnsignedInt(data.getShort());
      case INT16 -> data.getShort();
      case UINT32 -> Integer.toUnsignedLong(data.getInt());
      case INT32 -> data.getInt();
      case UINT64, INT64 -> data.getLong();
      case FP16 -> Float.float16ToFloat(data.getShort());
      case BF16 -> Float.intBitsToFloat(data.getShort() << 16);
      case FP32 -> data.getFloat();
      case FP64 -> data.getDouble();
      case BYTES -> throw new IllegalArgumentException("BYTES (expected a type of fixed size)");
    };
  }
}
