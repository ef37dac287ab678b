package io.onnxfleet.inference;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import io.onnxfleet.engine.tensor.DataType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A tensor of the shared samples, its elements as the protocol's binary form has them. */
record StoredTensor(DataType type, List<Long> shape, ByteString data) {
  /** How the message in a file is to be read. */
  enum Kind {
    TENSOR,
    SEQUENCE,
    OPTIONAL
  }

  static StoredTensor read(Path file, Kind kind) throws IOException {
    CodedInputStream message = CodedInputStream.newInstance(Files.readAllBytes(file));
    return switch (kind) {
      case TENSOR -> tensor(message);
      case SEQUENCE -> sequence(message);
      case OPTIONAL -> optional(message);
    };
  }

  private static StoredTensor optional(CodedInputStream message) throws IOException {
    for (int tag = message.readTag(); tag != 0; tag = message.readTag()) {
      switch (WireFormat.getTagFieldNumber(tag)) {
        case 3 -> {
          return tensor(message.readBytes().newCodedInput());
        }
        case 5 -> {
          return sequence(message.readBytes().newCodedInput());
        }
        default -> message.skipField(tag);
      }
    }
    return new StoredTensor(DataType.FP32, List.of(0L), ByteString.EMPTY);
  }

  /** Tensors of one shape, stacked along a new first axis. */
  private static StoredTensor sequence(CodedInputStream message) throws IOException {
    List<StoredTensor> elements = new ArrayList<>();
    for (int tag = message.readTag(); tag != 0; tag = message.readTag()) {
      if (WireFormat.getTagFieldNumber(tag) == 3) {
        elements.add(tensor(message.readBytes().newCodedInput()));
      } else {
        message.skipField(tag);
      }
    }
    if (elements.isEmpty()) {
      return new StoredTensor(DataType.FP32, List.of(0L), ByteString.EMPTY);
    }
    List<Long> shape = new ArrayList<>(List.of((long) elements.size()));
    shape.addAll(elements.getFirst().shape());
    ByteString data = ByteString.EMPTY;
    for (StoredTensor element : elements) {
      data = data.concat(element.data());
    }
    return new StoredTensor(elements.getFirst().type(), shape, data);
  }

  private static StoredTensor tensor(CodedInputStream message) throws IOException {
    List<Long> shape = new ArrayList<>();
    List<Long> integers = new ArrayList<>();
    ByteString data = ByteString.EMPTY;
    DataType type = DataType.FP32;
    for (int tag = message.readTag(); tag != 0; tag = message.readTag()) {
      switch (WireFormat.getTagFieldNumber(tag)) {
        case 1 -> readIntegers(message, tag, shape);
        case 2 -> type = OnnxTypes.ofNumber(message.readInt32());
        case 5, 7, 11 -> readIntegers(message, tag, integers);
        case 6 -> data = data.concat(element(message.readBytes()));
        case 4, 9, 10 -> data = message.readBytes();
        default -> message.skipField(tag);
      }
    }
    return new StoredTensor(
        type, shape, integers.isEmpty() ? data : packed(type.byteSize(), integers));
  }

  private static void readIntegers(CodedInputStream message, int tag, List<Long> into)
      throws IOException {
    if (WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_VARINT) {
      into.add(message.readInt64());
      return;
    }
    CodedInputStream packed = message.readBytes().newCodedInput();
    while (!packed.isAtEnd()) {
      into.add(packed.readInt64());
    }
  }

  private static ByteString packed(int byteSize, List<Long> values) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (long value : values) {
      for (int index = 0; index < byteSize; index++) {
        bytes.write((int) (value >> (8 * index)));
      }
    }
    return ByteString.copyFrom(bytes.toByteArray());
  }

  static ByteString element(ByteString text) {
    ByteBuffer length = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
    length.putInt(0, text.size());
    return ByteString.copyFrom(length).concat(text);
  }

  /** The elements: {@code Double}, {@code Long}, or {@code String} for bytes. */
  List<Object> elements() {
    ByteBuffer source = data.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    List<Object> elements = new ArrayList<>();
    while (source.hasRemaining()) {
      elements.add(
          switch (type) {
            case BOOL, INT8 -> (long) source.get();
            case UINT8 -> Byte.toUnsignedLong(source.get());
            case INT16 -> (long) source.getShort();
            case UINT16 -> Short.toUnsignedLong(source.getShort());
            case INT32 -> (long) source.getInt();
            case UINT32 -> Integer.toUnsignedLong(source.getInt());
            case INT64, UINT64 -> source.getLong();
            case FP16 -> (double) Float.float16ToFloat(source.getShort());
            case BF16 -> (double) Float.intBitsToFloat(source.getShort() << 16);
            case FP32 -> (double) source.getFloat();
            case FP64 -> source.getDouble();
            case BYTES -> text(source);
          });
    }
    return elements;
  }

  private static String text(ByteBuffer source) {
    byte[] text = new byte[source.getInt()];
    source.get(text);
    return new String(text, StandardCharsets.UTF_8);
  }

  /** True if JSON can carry every element. */
  boolean isJson() {
    return type != DataType.FP16
        && type != DataType.BF16
        && elements().stream()
            .noneMatch(element -> element instanceof Double value && !Double.isFinite(value));
  }
}
