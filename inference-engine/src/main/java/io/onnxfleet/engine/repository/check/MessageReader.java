package io.onnxfleet.engine.repository.check;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.function.LongConsumer;

/**
 * Walks through protobuf messages field by field, within the bounds of each. A message that ends
 * too early, or a field that cannot be, is an {@link IOException}. For one thread.
 */
final class MessageReader {
  private final CodedInputStream in;
  private int tag;

  MessageReader(CodedInputStream in) {
    this.in = in;
  }

  /** What a message is made of; each call reads one field or leaves it to be skipped. */
  @FunctionalInterface
  interface Fields {
    /**
     * A field.
     *
     * @return false if it was not read
     */
    boolean read(int field) throws IOException;
  }

  /** Reads the message that begins here and is that long. */
  void message(int byteSize, Fields fields) throws IOException {
    int outer = in.pushLimit(byteSize);
    int outerTag = tag;
    for (tag = in.readTag(); tag != 0; tag = in.readTag()) {
      if (!fields.read(WireFormat.getTagFieldNumber(tag)) && !in.skipField(tag)) {
        throw new InvalidProtocolBufferException("a group ends that never began");
      }
    }
    if (in.getBytesUntilLimit() != 0) {
      throw new InvalidProtocolBufferException("a message ends too early");
    }
    in.popLimit(outer);
    tag = outerTag;
  }

  /** Reads the message that a field holds; false if the field holds none. */
  boolean message(Fields fields) throws IOException {
    if (!isLengthDelimited()) {
      return false;
    }
    message(length(), fields);
    return true;
  }

  boolean isLengthDelimited() {
    return WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_LENGTH_DELIMITED;
  }

  boolean isVarint() {
    return WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_VARINT;
  }

  int length() throws IOException {
    int length = in.readRawVarint32();
    if (length < 0) {
      throw new InvalidProtocolBufferException("a length below 0");
    }
    return length;
  }

  long number() throws IOException {
    return in.readInt64();
  }

  boolean isFixed32() {
    return WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_FIXED32;
  }

  float real() throws IOException {
    return in.readFloat();
  }

  /** A text, whatever its bytes are. */
  String text() throws IOException {
    return new String(in.readByteArray(), StandardCharsets.UTF_8);
  }

  /** The first bytes of a text; a long one is not held as a whole. */
  String textStart(int most) throws IOException {
    int length = lengthWithin();
    String start = new String(in.readRawBytes(Math.min(length, most)), StandardCharsets.UTF_8);
    in.skipRawBytes(Math.max(0, length - most));
    return start;
  }

  /** Passes over what a field holds, and says how many bytes that was. */
  int skipBytes() throws IOException {
    int length = lengthWithin();
    in.skipRawBytes(length);
    return length;
  }

  private int lengthWithin() throws IOException {
    int length = length();
    int left = in.getBytesUntilLimit();
    if (left >= 0 && length > left) {
      throw new InvalidProtocolBufferException("a field ends too late");
    }
    return length;
  }

  /** Reads the numbers that a field holds packed. */
  void packedNumbers(LongConsumer number) throws IOException {
    int outer = in.pushLimit(length());
    while (in.getBytesUntilLimit() > 0) {
      number.accept(in.readRawVarint64());
    }
    in.popLimit(outer);
  }

  /** Passes over numbers, packed or single, and says how many they were. */
  long skipNumbers(int packedByteSize) throws IOException {
    if (!isLengthDelimited()) {
      if (!in.skipField(tag)) {
        throw new InvalidProtocolBufferException("a group ends that never began");
      }
      return 1;
    }
    if (packedByteSize > 0) {
      return skipBytes() / packedByteSize;
    }
    long[] count = {0};
    packedNumbers(number -> count[0]++);
    return count[0];
  }
}
