package io.onnxfleet.engine.runtime;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.BytesElements;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Reads the inputs and outputs that are stored beside the shared models. */
public final class StoredTensors {
  private final BufferPool pool;

  public StoredTensors(BufferPool pool) {
    this.pool = pool;
  }

  /** A file that is one tensor. */
  public Tensor readTensor(Path file) throws IOException {
    return tensor(CodedInputStream.newInstance(Files.readAllBytes(file)));
  }

  /** A file that is a sequence of tensors of one shape, as one tensor; empty if it has none. */
  public Tensor readSequence(Path file) throws IOException {
    return sequence(CodedInputStream.newInstance(Files.readAllBytes(file)));
  }

  /** A file that is an optional tensor or sequence; an absent one is an empty sequence. */
  Tensor readOptional(Path file) throws IOException {
    CodedInputStream message = CodedInputStream.newInstance(Files.readAllBytes(file));
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
    return Tensor.allocate(pool, DataType.FP32, Shape.of(0));
  }

  private Tensor sequence(CodedInputStream message) throws IOException {
    List<Tensor> elements = new ArrayList<>();
    for (int tag = message.readTag(); tag != 0; tag = message.readTag()) {
      if (WireFormat.getTagFieldNumber(tag) == 3) {
        elements.add(tensor(message.readBytes().newCodedInput()));
      } else {
        message.skipField(tag);
      }
    }
    if (elements.isEmpty()) {
      return Tensor.allocate(pool, DataType.FP32, Shape.of(0));
    }
    Tensor first = elements.getFirst();
    long byteSize = elements.stream().mapToLong(Tensor::byteSize).sum();
    Tensor stacked =
        Tensor.ofByteSize(pool, first.dataType(), first.shape().prepend(elements.size()), byteSize);
    ByteBuffer target = stacked.data();
    for (Tensor element : elements) {
      if (!element.shape().equals(first.shape())) {
        throw new IllegalStateException(element + " beside " + first);
      }
      target.put(element.data());
      element.close();
    }
    return stacked;
  }

  private Tensor tensor(CodedInputStream message) throws IOException {
    List<Long> dims = new ArrayList<>();
    int elementType = 0;
    List<Long> integers = new ArrayList<>();
    List<Float> floats = new ArrayList<>();
    List<Double> doubles = new ArrayList<>();
    List<byte[]> texts = new ArrayList<>();
    ByteString raw = null;
    for (int tag = message.readTag(); tag != 0; tag = message.readTag()) {
      switch (WireFormat.getTagFieldNumber(tag)) {
        case 1 -> readIntegers(message, tag, dims);
        case 2 -> elementType = message.readInt32();
        case 4 -> {
          CodedInputStream packed = message.readBytes().newCodedInput();
          while (!packed.isAtEnd()) {
            floats.add(packed.readFloat());
          }
        }
        case 5, 7, 11 -> readIntegers(message, tag, integers);
        case 6 -> texts.add(message.readByteArray());
        case 9 -> raw = message.readBytes();
        case 10 -> {
          CodedInputStream packed = message.readBytes().newCodedInput();
          while (!packed.isAtEnd()) {
            doubles.add(packed.readDouble());
          }
        }
        default -> message.skipField(tag);
      }
    }
    Shape shape = Shape.of(dims.stream().mapToLong(Long::longValue).toArray());
    DataType type = ElementType.ofNumber(elementType).dataType();
    if (type == null) {
      throw new IllegalStateException("stored element type " + elementType);
    }
    if (type == DataType.BYTES) {
      return Tensor.ofBytes(pool, shape, texts);
    }
    Tensor tensor = Tensor.allocate(pool, type, shape);
    ByteBuffer data = tensor.data();
    if (raw != null) {
      data.put(raw.asReadOnlyByteBuffer());
    }
    floats.forEach(data::putFloat);
    doubles.forEach(data::putDouble);
    integers.forEach(value -> put(data, type.byteSize(), value));
    if (data.hasRemaining()) {
      throw new IllegalStateException(data.remaining() + " bytes too few stored for " + tensor);
    }
    return tensor;
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

  private static void put(ByteBuffer data, int byteSize, long value) {
    switch (byteSize) {
      case 1 -> data.put((byte) value);
      case 2 -> data.putShort((short) value);
      case 4 -> data.putInt((int) value);
      default -> data.putLong(value);
    }
  }

  /** The elements of a tensor as numbers, or as texts where it is of bytes. */
  static List<Object> elements(Tensor tensor) {
    if (tensor.dataType() == DataType.BYTES) {
      return List.copyOf(BytesElements.readStrings(tensor));
    }
    ByteBuffer data = tensor.data();
    List<Object> elements = new ArrayList<>();
    while (data.hasRemaining()) {
      elements.add(
          switch (tensor.dataType()) {
            case BOOL, INT8, UINT8 -> (long) data.get();
            case INT16, UINT16 -> (long) data.getShort();
            case INT32, UINT32 -> (long) data.getInt();
            case INT64, UINT64 -> data.getLong();
            case FP16 -> (double) Float.float16ToFloat(data.getShort());
            case BF16 -> (double) Float.intBitsToFloat(data.getShort() << 16);
            case FP32 -> (double) data.getFloat();
            case FP64 -> data.getDouble();
            case BYTES -> throw new IllegalStateException("read above");
          });
    }
    return elements;
  }

  /** True if both are equal, floating-point numbers within tolerances relative to the expected. */
  static boolean close(Object actual, Object expected, double relative, double absolute) {
    if (actual instanceof Double a && expected instanceof Double e) {
      return Objects.equals(a, e) || Math.abs(a - e) <= absolute + relative * Math.abs(e);
    }
    return actual.equals(expected);
  }
}
