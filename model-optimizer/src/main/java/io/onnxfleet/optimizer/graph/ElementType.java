package io.onnxfleet.optimizer.graph;

import java.util.Optional;

/**
 * The types of a tensor's elements that have a fixed number of whole bytes, as ONNX numbers them.
 */
public enum ElementType {
  FLOAT(1, 4),
  UINT8(2, 1),
  INT8(3, 1),
  UINT16(4, 2),
  INT16(5, 2),
  INT32(6, 4),
  INT64(7, 8),
  BOOL(9, 1),
  FLOAT16(10, 2),
  DOUBLE(11, 8),
  UINT32(12, 4),
  UINT64(13, 8),
  BFLOAT16(16, 2);

  private final int code;
  private final int bytes;

  ElementType(int code, int bytes) {
    this.code = code;
    this.bytes = bytes;
  }

  /** ONNX's number. */
  public int code() {
    return code;
  }

  /** How many bytes one element has. */
  public int bytes() {
    return bytes;
  }

  /** The type with ONNX's number; empty for text, complex numbers and types of less than a byte. */
  public static Optional<ElementType> of(int code) {
    for (ElementType type : values()) {
      if (type.code == code) {
        return Optional.of(type);
      }
    }
    return Optional.empty();
  }
}
