package io.onnxfleet.engine.runtime;

import io.onnxfleet.engine.tensor.DataType;
import java.util.EnumMap;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * ONNX's element types by their numbers in the C API, without gaps from 0, and what each is in the
 * protocol.
 */
enum ElementType {
  UNDEFINED(0, null),
  FLOAT(1, DataType.FP32),
  UINT8(2, DataType.UINT8),
  INT8(3, DataType.INT8),
  UINT16(4, DataType.UINT16),
  INT16(5, DataType.INT16),
  INT32(6, DataType.INT32),
  INT64(7, DataType.INT64),
  STRING(8, DataType.BYTES),
  BOOL(9, DataType.BOOL),
  FLOAT16(10, DataType.FP16),
  DOUBLE(11, DataType.FP64),
  UINT32(12, DataType.UINT32),
  UINT64(13, DataType.UINT64),
  COMPLEX64(14, null),
  COMPLEX128(15, null),
  BFLOAT16(16, DataType.BF16),
  FLOAT8E4M3FN(17, null),
  FLOAT8E4M3FNUZ(18, null),
  FLOAT8E5M2(19, null),
  FLOAT8E5M2FNUZ(20, null),
  UINT4(21, null),
  INT4(22, null),
  FLOAT4E2M1(23, null),
  UINT2(24, null),
  INT2(25, null);

  private static final ElementType[] BY_NUMBER = values();
  private static final EnumMap<DataType, ElementType> BY_DATA_TYPE = byDataType();

  private final int number;
  private final @Nullable DataType dataType;

  ElementType(int number, @Nullable DataType dataType) {
    this.number = number;
    this.dataType = dataType;
  }

  /** Null if the protocol has no such type. */
  @Nullable DataType dataType() {
    return dataType;
  }

  /** {@link #UNDEFINED} for a number of a type that is not known here. */
  static ElementType ofNumber(int number) {
    return number >= 0 && number < BY_NUMBER.length ? BY_NUMBER[number] : UNDEFINED;
  }

  /** The C API's number of a type. */
  static int numberOf(DataType dataType) {
    return Objects.requireNonNull(BY_DATA_TYPE.get(dataType)).number;
  }

  private static EnumMap<DataType, ElementType> byDataType() {
    EnumMap<DataType, ElementType> types = new EnumMap<>(DataType.class);
    for (ElementType type : BY_NUMBER) {
      if (type.dataType != null) {
        types.put(type.dataType, type);
      }
    }
    return types;
  }
}
