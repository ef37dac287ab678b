package io.onnxfleet.benchmarks.stored;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A tensor as the Open Inference Protocol carries it.
 *
 * @param datatype by the protocol's name
 * @param data little-endian; each element of BYTES behind its length
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by its elements only.
record StoredTensor(String datatype, List<Long> shape, byte[] data) {
  /** ONNX's numbers of element types. */
  private static final Map<Integer, String> DATATYPES =
      Map.ofEntries(
          Map.entry(1, "FP32"),
          Map.entry(2, "UINT8"),
          Map.entry(3, "INT8"),
          Map.entry(4, "UINT16"),
          Map.entry(5, "INT16"),
          Map.entry(6, "INT32"),
          Map.entry(7, "INT64"),
          Map.entry(8, "BYTES"),
          Map.entry(9, "BOOL"),
          Map.entry(10, "FP16"),
          Map.entry(11, "FP64"),
          Map.entry(12, "UINT32"),
          Map.entry(13, "UINT64"),
          Map.entry(16, "BF16"));

  StoredTensor {
    shape = List.copyOf(shape);
  }

  /** A file that is one {@code TensorProto}. */
  static StoredTensor read(Path file) throws IOException {
    CodedInputStream message = CodedInputStream.newInstance(Files.readAllBytes(file));
    List<Long> shape = new ArrayList<>();
    int type = 0;
    byte[] raw = {};
    List<Long> integers = new ArrayList<>();
    ByteArrayOutputStream texts = new ByteArrayOutputStream();
    for (int tag = message.readTag(); tag != 0; tag = message.readTag()) {
      switch (WireFormat.getTagFieldNumber(tag)) {
        case 1 -> readIntegers(message, tag, shape);
        case 2 -> type = message.readInt32();
        case 4, 10, 9 -> raw = message.readByteArray(); // floats and doubles are packed as they are
        case 5, 7, 11 -> readIntegers(message, tag, integers);
        case 6 -> append(texts, message.readByteArray());
        default -> message.skipField(tag);
      }
    }
    String datatype = DATATYPES.get(type);
    if (datatype == null) {
      throw new IOException(file + ": element type " + type + " (expected: a tensor's)");
    }
    if (datatype.equals("BYTES")) {
      raw = texts.toByteArray();
    } else if (!integers.isEmpty()) {
      raw = packed(integers, width(datatype));
    }
    return new StoredTensor(datatype, shape, raw);
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

  private static void append(ByteArrayOutputStream texts, byte[] text) {
    ByteBuffer length = ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    length.putInt(text.length);
    texts.writeBytes(length.array());
    texts.writeBytes(text);
  }

  private static byte[] packed(List<Long> values, int width) {
    ByteBuffer bytes = ByteBuffer.allocate(values.size() * width).order(ByteOrder.LITTLE_ENDIAN);
    for (long value : values) {
      switch (width) {
        case 1 -> bytes.put((byte) value);
        case 2 -> bytes.putShort((short) value);
        case 4 -> bytes.putInt((int) value);
        default -> bytes.putLong(value);
      }
    }
    return bytes.array();
  }

  /** Bytes of an element; 0 for BYTES. */
  private static int width(String datatype) {
    return switch (datatype) {
      case "BOOL", "INT8", "UINT8" -> 1;
      case "INT16", "UINT16", "FP16", "BF16" -> 2;
      case "INT32", "UINT32", "FP32" -> 4;
      case "INT64", "UINT64", "FP64" -> 8;
      default -> 0;
    };
  }

  /** Whether elements are reals, which may differ a little. */
  boolean isReal() {
    return switch (datatype) {
      case "FP16", "BF16", "FP32", "FP64" -> true;
      default -> false;
    };
  }

  /** Reals as Double, texts as String, all else as Long. */
  List<Object> elements() {
    ByteBuffer bytes = ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN);
    List<Object> elements = new ArrayList<>();
    while (bytes.hasRemaining()) {
      elements.add(
          switch (datatype) {
            case "BOOL", "INT8", "UINT8" -> (long) bytes.get();
            case "INT16", "UINT16" -> (long) bytes.getShort();
            case "INT32", "UINT32" -> (long) bytes.getInt();
            case "FP16" -> (double) Float.float16ToFloat(bytes.getShort());
            case "BF16" -> (double) Float.intBitsToFloat(bytes.getShort() << 16);
            case "FP32" -> (double) bytes.getFloat();
            case "FP64" -> bytes.getDouble();
            case "BYTES" -> text(bytes);
            default -> bytes.getLong();
          });
    }
    return elements;
  }

  private static String text(ByteBuffer bytes) {
    byte[] text = new byte[bytes.getInt()];
    bytes.get(text);
    return new String(text, StandardCharsets.UTF_8);
  }
}
