package io.onnxfleet.engine.runtime;

import io.onnxfleet.engine.tensor.BytesElements;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * An ONNX map as a JSON object: keys in the runtime's order, floating-point values in the shortest
 * form that reads back the same, NaN and the infinities as the strings {@code "NaN"}, {@code
 * "Infinity"} and {@code "-Infinity"}.
 */
final class MapJson {
  private static final String HEX = "0123456789abcdef";

  private MapJson() {}

  /** The object as UTF-8; keys and values are tensors of equal length. */
  static byte[] write(Tensor keys, Tensor values) {
    List<String> names = texts(keys);
    List<String> numbers = texts(values);
    boolean quoted = values.dataType() == DataType.BYTES;
    StringBuilder json = new StringBuilder(16 * names.size() + 2).append('{');
    for (int index = 0; index < names.size(); index++) {
      if (index > 0) {
        json.append(',');
      }
      quote(json, names.get(index));
      json.append(':');
      String value = numbers.get(index);
      char last = value.isEmpty() ? '"' : value.charAt(value.length() - 1);
      if (quoted || last == 'N' || last == 'y') {
        quote(json, value);
      } else {
        json.append(value);
      }
    }
    return json.append('}').toString().getBytes(StandardCharsets.UTF_8);
  }

  private static List<String> texts(Tensor tensor) {
    if (tensor.dataType() == DataType.BYTES) {
      return BytesElements.readStrings(tensor);
    }
    ByteBuffer data = tensor.data();
    List<String> texts = new ArrayList<>();
    while (data.hasRemaining()) {
      texts.add(
          switch (tensor.dataType()) {
            case BOOL -> Boolean.toString(data.get() != 0);
            case UINT8 -> Integer.toString(Byte.toUnsignedInt(data.get()));
            case INT8 -> Byte.toString(data.get());
            case UINT16 -> Integer.toString(Short.toUnsignedInt(data.getShort()));
            case INT16 -> Short.toString(data.getShort());
            case UINT32 -> Integer.toUnsignedString(data.getInt());
            case INT32 -> Integer.toString(data.getInt());
            case UINT64 -> Long.toUnsignedString(data.getLong());
            case INT64 -> Long.toString(data.getLong());
            case FP16 -> Float.toString(Float.float16ToFloat(data.getShort()));
            case BF16 -> Float.toString(Float.intBitsToFloat(data.getShort() << 16));
            case FP32 -> Float.toString(data.getFloat());
            case FP64 -> Double.toString(data.getDouble());
            case BYTES -> throw new IllegalStateException("read above");
          });
    }
    return texts;
  }

  private static void quote(StringBuilder json, String text) {
    json.append('"');
    for (int index = 0; index < text.length(); index++) {
      char character = text.charAt(index);
      if (character == '"' || character == '\\') {
        json.append('\\').append(character);
      } else if (character < ' ') {
        json.append("\\u00").append(HEX.charAt(character >> 4)).append(HEX.charAt(character & 15));
      } else {
        json.append(character);
      }
    }
    json.append('"');
  }
}
