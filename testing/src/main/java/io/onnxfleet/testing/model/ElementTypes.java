package io.onnxfleet.testing.model;

import io.onnxfleet.contract.inference.Datatype;
import org.jspecify.annotations.Nullable;

/** ONNX's numbers of element types. */
final class ElementTypes {

  static final int FLOAT = 1;
  static final int LONG = 7;
  static final int TEXT = 8;

  private ElementTypes() {}

  static int numberOf(Datatype type) {
    return switch (type) {
      case FP32 -> FLOAT;
      case UINT8 -> 2;
      case INT8 -> 3;
      case UINT16 -> 4;
      case INT16 -> 5;
      case INT32 -> 6;
      case INT64 -> LONG;
      case BYTES -> TEXT;
      case BOOL -> 9;
      case FP16 -> 10;
      case FP64 -> 11;
      case UINT32 -> 12;
      case UINT64 -> 13;
      case BF16 -> 16;
    };
  }

  /**
   * The number of a type.
   *
   * @param type of any module's own enum: all have the protocol's names
   */
  static int numberOf(Enum<?> type) {
    return numberOf(Datatype.valueOf(type.name()));
  }

  /** Null if no tensor has it. */
  static @Nullable Datatype ofNumber(int number) {
    for (Datatype type : Datatype.values()) {
      if (numberOf(type) == number) {
        return type;
      }
    }
    return null;
  }
}
