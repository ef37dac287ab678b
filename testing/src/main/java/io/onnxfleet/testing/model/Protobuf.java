package io.onnxfleet.testing.model;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;

/** A protobuf message put together field by field, without a schema. Not safe for threads. */
public final class Protobuf {

  private final ByteString.Output bytes = ByteString.newOutput();
  private final CodedOutputStream fields = CodedOutputStream.newInstance(bytes);

  public Protobuf number(int field, long value) {
    return write(() -> fields.writeInt64(field, value));
  }

  public Protobuf real(int field, float value) {
    return write(() -> fields.writeFloat(field, value));
  }

  public Protobuf text(int field, String value) {
    return write(() -> fields.writeString(field, value));
  }

  public Protobuf bytes(int field, byte[] value) {
    return write(() -> fields.writeByteArray(field, value));
  }

  public Protobuf message(int field, Protobuf value) {
    return bytes(field, value.toByteArray());
  }

  /** The message so far. */
  public byte[] toByteArray() {
    write(fields::flush);
    return bytes.toByteString().toByteArray();
  }

  private Protobuf write(Field field) {
    try {
      field.write();
      return this;
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  @FunctionalInterface
  private interface Field {
    void write() throws IOException;
  }
}
