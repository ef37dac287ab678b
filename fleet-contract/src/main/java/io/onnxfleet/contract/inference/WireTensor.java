package io.onnxfleet.contract.inference;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * A tensor as it travels: its elements in the binary form, little-endian and row-major, whichever
 * form it came in. The memory is shared, not copied; it is only read. Equal are tensors of equal
 * elements.
 *
 * @param data from its position to its limit
 */
public record WireTensor(String name, Datatype datatype, List<Long> shape, ByteBuffer data) {

  /** Dimensions are not negative, and fixed elements are as many as the shape says. */
  public WireTensor {
    shape = List.copyOf(shape);
    data = data.slice().order(ByteOrder.LITTLE_ENDIAN);
    long elements = elements(shape);
    if (datatype.byteSize() > 0 && elements != (double) data.remaining() / datatype.byteSize()) {
      throw new IllegalArgumentException(
          "tensor '%s': %d bytes for %s%s (expected %d)"
              .formatted(name, data.remaining(), datatype, shape, elements * datatype.byteSize()));
    }
  }

  /** The elements, from the first one on. */
  @Override
  public ByteBuffer data() {
    return data.duplicate().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** How many elements a shape has. */
  static long elements(List<Long> shape) {
    long elements = 1;
    for (long dimension : shape) {
      if (dimension < 0) {
        throw new IllegalArgumentException("shape: " + shape + " (expected: >= 0 each)");
      }
      elements = Math.multiplyExact(elements, dimension);
    }
    return elements;
  }
}
