package io.onnxfleet.engine.tensor;

import io.onnxfleet.engine.error.InferenceException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the elements of {@link DataType#BYTES} data: a little-endian uint32 length, then the bytes.
 */
public final class BytesElements {
  private BytesElements() {}

  /**
   * Checks that the data is that many elements, to the last byte.
   *
   * @throws InferenceException if it is not
   */
  public static void requireWellFormed(ByteBuffer data, long elementCount) {
    ByteBuffer elements = littleEndian(data);
    for (long index = 0; index < elementCount; index++) {
      skip(elements, index);
    }
    if (elements.hasRemaining()) {
      throw InferenceException.invalidInput(
          "BYTES data: %d bytes behind the last of %d elements (expected none)",
          elements.remaining(), elementCount);
    }
  }

  /** The elements of a tensor, copied out. */
  public static List<byte[]> read(Tensor tensor) {
    ByteBuffer data = tensor.data();
    List<byte[]> elements = new ArrayList<>((int) tensor.shape().elementCount());
    while (data.hasRemaining()) {
      byte[] element = new byte[data.getInt()];
      data.get(element);
      elements.add(element);
    }
    return elements;
  }

  /** The elements of a tensor as UTF-8 text; malformed bytes become U+FFFD. */
  public static List<String> readStrings(Tensor tensor) {
    List<String> strings = new ArrayList<>();
    for (byte[] element : read(tensor)) {
      strings.add(new String(element, StandardCharsets.UTF_8));
    }
    return strings;
  }

  /**
   * Moves the position behind that many elements.
   *
   * @param firstIndex of the first of them, for the message
   * @throws InferenceException if the data ends before they do
   */
  public static void skip(ByteBuffer littleEndian, long elementCount, long firstIndex) {
    for (long index = 0; index < elementCount; index++) {
      skip(littleEndian, firstIndex + index);
    }
  }

  private static void skip(ByteBuffer elements, long index) {
    if (elements.remaining() < Integer.BYTES) {
      throw InferenceException.invalidInput(
          "BYTES data: %d bytes where the length of element %d should be (expected 4)",
          elements.remaining(), index);
    }
    long length = Integer.toUnsignedLong(elements.getInt());
    if (length > elements.remaining()) {
      throw InferenceException.invalidInput(
          "BYTES data: element %d is %d bytes long (expected <= %d, the bytes that are left)",
          index, length, elements.remaining());
    }
    elements.position(elements.position() + (int) length);
  }

  private static ByteBuffer littleEndian(ByteBuffer data) {
    return data.slice().order(ByteOrder.LITTLE_ENDIAN);
  }
}
