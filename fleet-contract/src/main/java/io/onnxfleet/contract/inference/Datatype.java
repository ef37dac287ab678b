package io.onnxfleet.contract.inference;

/** The protocol's datatypes, by their names on the wire. */
public enum Datatype {
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
  /** Texts or bytes of any length, each behind its length in four bytes. */
  BYTES(0);

  private final int byteSize;

  Datatype(int byteSize) {
    this.byteSize = byteSize;
  }

  /** Of an element; 0 where elements have lengths of their own. */
  public int byteSize() {
    return byteSize;
  }

  /** Whether JSON can hold elements; half precision travels in binary only. */
  public boolean isInJson() {
    return this != FP16 && this != BF16;
  }
}
