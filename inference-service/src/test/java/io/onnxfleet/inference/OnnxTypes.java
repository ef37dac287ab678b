package io.onnxfleet.inference;

import io.onnxfleet.engine.tensor.DataType;

/** The numbers of element types in ONNX files. */
final class OnnxTypes {
  private OnnxTypes() {}

  static int numberOf(DataType type) {
    return switch (type) {
      case FP32 -> 1;
      case UINT8 -> 2;
      case INT8 -> 3;
      case UINT16 -> 4;
      case INT16 -> 5;
      case INT32 -> 6;
      case INT64 -> 7;
      case BYTES -> 8;
      case BOOL -> 9;
      case FP16 -> 10;
      case FP64 -> 11;
      case UINT32 -> 12;
      case UINT64 -> 13;
      case BF16 -> 16;
    };
  }

  static DataType ofNumber(int number) {
    for (DataType type : DataType.values()) {
      if (numberOf(type) == number) {
        return type;
      }
    }
    throw new IllegalArgumentException("element type " + number);
  }
}
