package io.onnxfleet.engine.runtime;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;

/** A protobuf message put together field by field, without a schema. */
final class Protobuf {
  private final ByteString.Output bytes = ByteString.newOutput();
  private final CodedOutputStream fields = CodedOutputStream.newInstance(bytes);

  Protobuf number(int field, long value) {
    return write(() -> fields.writeInt64(field, value));
  }

  Protobuf real(int field, float value) {
    return write(() -> fields.writeFloat(field, value));
  }

  Protobuf text(int field, String value) {
    return write(() -> fields.writeString(field, value));
  }

  Protobuf bytes(int field, byte[] value) {
    return write(() -> fields.writeByteArray(field, value));
  }

  Protobuf message(int field, Protobuf value) {
    return bytes(field, value.toByteArray());
  }

  byte[] toByteArray() {
    write(fields::flush);
    return bytes.toByteString().toByteArray();
  }

  private Protobuf write(Field field) {
    try {
      field.write();
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @FunctionalInterface
  private interface Field {
    void write() throws IOException;
  }
}
