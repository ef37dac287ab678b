package io.onnxfleet.testing.model;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import io.onnxfleet.contract.inference.Datatype;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A tensor as it lies beside a sample model, or as an answer carries it. Immutable.
 *
 * @param data the elements as the protocol's binary form has them: little-endian, texts each behind
 *     its length in four bytes
 */
public record StoredTensor(Datatype type, List<Long> shape, ByteString data) {

  /** How the message in a file is to be read. */
  public enum Kind {
    TENSOR,
    /** Tensors of one shape, which are stacked along a new first axis. */
    SEQUENCE,
    /** Either of these, or nothing, which is an empty tensor. */
    OPTIONAL
  }

  private static final StoredTensor NOTHING =
      new StoredTensor(Datatype.FP32, List.of(0L), ByteString.EMPTY);

  public StoredTensor {
    shape = List.copyOf(shape);
  }

  /** A file that is one tensor. */
  public static StoredTensor read(Path file) throws IOException {
    return read(file, Kind.TENSOR);
  }

  public static StoredTensor read(Path file, Kind kind) throws IOException {
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
    return NOTHING;
  }

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
      return NOTHING;
    }
    StoredTensor first = elements.getFirst();
    ByteString data = ByteString.EMPTY;
    for (StoredTensor element : elements) {
      if (element.type != first.type || !element.shape.equals(first.shape)) {
        throw new IOException(element.declared() + " (expected: " + first.declared() + ")");
      }
      data = data.concat(element.data);
    }
    List<Long> shape = new ArrayList<>(List.of((long) elements.size()));
    shape.addAll(first.shape);
    return new StoredTensor(first.type, shape, data);
  }

  private static StoredTensor tensor(CodedInputStream message) throws IOException {
    List<Long> shape = new ArrayList<>();
    List<Long> integers = new ArrayList<>();
    ByteString data = ByteString.EMPTY;
    int type = 0;
    for (int tag = message.readTag(); tag != 0; tag = message.readTag()) {
      switch (WireFormat.getTagFieldNumber(tag)) {
        case 1 -> readIntegers(message, tag, shape);
        case 2 -> type = message.readInt32();
        // Floats and doubles are packed as they are.
        case 4, 9, 10 -> data = message.readBytes();
        case 5, 7, 11 -> readIntegers(message, tag, integers);
        case 6 -> data = data.concat(text(message.readBytes()));
        default -> message.skipField(tag);
      }
    }
    Datatype datatype = ElementTypes.ofNumber(type);
    if (datatype == null) {
      throw new IOException("element type: " + type + " (expected: a tensor's)");
    }
    StoredTensor tensor =
        new StoredTensor(
            datatype, shape, integers.isEmpty() ? data : packed(datatype.byteSize(), integers));
    long expected = datatype.byteSize() * shape.stream().reduce(1L, (one, other) -> one * other);
    if (datatype != Datatype.BYTES && tensor.data.size() != expected) {
      throw new IOException(
          "%s: %d bytes (expected: %d)".formatted(tensor.declared(), tensor.data.size(), expected));
    }
    return tensor;
  }

  /** Type and shape, as {@code FP32[2, 3]}. */
  public String declared() {
    return type.name() + shape;
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
    byte[] bytes = new byte[byteSize * values.size()];
    int at = 0;
    for (long value : values) {
      for (int index = 0; index < byteSize; index++) {
        bytes[at++] = (byte) (value >> (8 * index));
      }
    }
    return ByteString.copyFrom(bytes);
  }

  /** A text as an element. */
  public static ByteString text(ByteString text) {
    ByteBuffer length = ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    length.putInt(0, text.size());
    return ByteString.copyFrom(length).concat(text);
  }

  /** The elements: {@code Double}, {@code String} for texts, or else {@code Long}. */
  public List<Object> elements() {
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
            case BYTES -> textOf(source);
          });
    }
    return elements;
  }

  private static String textOf(ByteBuffer source) {
    byte[] text = new byte[source.getInt()];
    source.get(text);
    return new String(text, StandardCharsets.UTF_8);
  }

  /** Whether elements are reals, which may differ a little. */
  public boolean isReal() {
    return switch (type) {
      case FP16, BF16, FP32, FP64 -> true;
      default -> false;
    };
  }

  /** Whether JSON can carry every element. */
  public boolean isJson() {
    return type.isInJson()
        && elements().stream()
            .noneMatch(element -> element instanceof Double value && !Double.isFinite(value));
  }
}
