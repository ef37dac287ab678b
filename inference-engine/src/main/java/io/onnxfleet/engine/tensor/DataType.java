package io.onnxfleet.engine.tensor;

import io.onnxfleet.engine.error.InferenceException;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The element types of the Open Inference Protocol v2, by their names there. */
public enum DataType {
  /** One byte an element, 0 or 1. */
  BOOL(1),
  UINT8(1),
  UINT16(2),
  UINT32(4),
  UINT64(8),
  INT8(1),
  INT16(2),
  INT32(4),
  INT64(8),
  FP16(2),
  BF16(2),
  FP32(4),
  FP64(8),
  /**
   * Byte strings (UTF-8 where text), each stored as a little-endian uint32 length and its bytes.
   */
  BYTES(0);

  private static final Map<String, DataType> BY_NAME =
      Arrays.stream(values())
          .collect(Collectors.toUnmodifiableMap(Enum::name, Function.identity()));

  private final int byteSize;

  DataType(int byteSize) {
    this.byteSize = byteSize;
  }

  /** Bytes of one element; 0 for {@link #BYTES}, whose elements differ in size. */
  public int byteSize() {
    return byteSize;
  }

  public boolean isFixedSize() {
    return byteSize > 0;
  }

  /**
   * The type of that name.
   *
   * @throws InferenceException if there is none
   */
  public static DataType parse(@Nullable String name) {
    DataType type = name == null ? null : BY_NAME.get(name);
    if (type == null) {
      throw InferenceException.invalidInput(
          "datatype: %s (expected one of %s)", name, Arrays.toString(values()));
    }
    return type;
  }
}
