package io.onnxfleet.engine.instance;

import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * How large the values of a batch are: of each input the binary exponents of its largest and of its
 * lowest value, as far as a look at few elements tells. Not thread-safe, but for what is said of
 * {@link #of}.
 */
final class Magnitudes {
  /** Elements of an input that are looked at. */
  private static final int LOOKED_AT = 64;

  /** By input: the exponent of the largest positive value, then of the largest negative one. */
  private final int[] exponents;

  private Magnitudes(int[] exponents) {
    this.exponents = exponents;
  }

  /** True if one of the elements looked at is infinite or no number. */
  static boolean holdsNoNumber(List<NamedTensor> inputs, long offset) {
    for (NamedTensor input : inputs) {
      int notFinite =
          switch (input.tensor().dataType()) {
            case FP32, BF16 -> 0xff;
            case FP64 -> 0x7ff;
            case FP16 -> 0x1f;
            default -> Integer.MAX_VALUE;
          };
      Magnitudes own = of(List.of(input), offset);
      if (Arrays.stream(own.exponents).anyMatch(exponent -> exponent == notFinite)) {
        return true;
      }
    }
    return false;
  }

  static Magnitudes none(int inputs) {
    return new Magnitudes(new int[2 * inputs]);
  }

  /**
   * Looks at elements at equal distances; stateless.
   *
   * @param offset of the first, which is to change from look to look
   */
  static Magnitudes of(List<NamedTensor> inputs, long offset) {
    int[] exponents = new int[2 * inputs.size()];
    for (int index = 0; index < inputs.size(); index++) {
      look(inputs.get(index).tensor(), offset, exponents, 2 * index);
    }
    return new Magnitudes(exponents);
  }

  private static void look(Tensor tensor, long offset, int[] exponents, int at) {
    DataType type = tensor.dataType();
    if (!type.isFixedSize() || type == DataType.BOOL) {
      return;
    }
    int size = type.byteSize();
    int elements = tensor.byteSize() / size;
    if (elements == 0) {
      return;
    }
    ByteBuffer data = tensor.data();
    int stride = Math.max(1, elements / LOOKED_AT);
    for (int element = (int) (offset % stride); element < elements; element += stride) {
      int exponent = exponent(type, data, element * size);
      int place = exponent < 0 ? at + 1 : at;
      exponents[place] = Math.max(exponents[place], Math.abs(exponent));
    }
  }

  /**
   * Negative for a negative value; 0 for what is below 2^-126. What is infinite or no number
   * exceeds all others: added to zero times a row, it is in that row too.
   */
  private static int exponent(DataType type, ByteBuffer data, int at) {
    return switch (type) {
      case FP32 -> {
        int bits = data.getInt(at);
        yield signed(bits < 0, (bits >>> 23) & 0xff);
      }
      case FP64 -> {
        long bits = data.getLong(at);
        yield signed(bits < 0, (int) (bits >>> 52) & 0x7ff);
      }
      case FP16 -> {
        short bits = data.getShort(at);
        yield signed(bits < 0, (bits >>> 10) & 0x1f);
      }
      case BF16 -> {
        short bits = data.getShort(at);
        yield signed(bits < 0, (bits >>> 7) & 0xff);
      }
      case INT64, UINT64 -> whole(data.getLong(at));
      case INT32 -> whole(data.getInt(at));
      case UINT32 -> whole(Integer.toUnsignedLong(data.getInt(at)));
      case INT16 -> whole(data.getShort(at));
      case UINT16 -> whole(Short.toUnsignedLong(data.getShort(at)));
      case INT8 -> whole(data.get(at));
      case UINT8 -> whole(Byte.toUnsignedLong(data.get(at)));
      case BOOL, BYTES -> 0;
    };
  }

  private static int signed(boolean negative, int exponent) {
    return negative ? -exponent : exponent;
  }

  private static int whole(long value) {
    return value < 0
        ? Long.numberOfLeadingZeros(~value) - Long.SIZE
        : Long.SIZE - Long.numberOfLeadingZeros(value);
  }

  /** True if a value is of a larger magnitude than all here. */
  boolean areExceededBy(Magnitudes others) {
    for (int place = 0; place < Math.min(exponents.length, others.exponents.length); place++) {
      if (others.exponents[place] > exponents[place]) {
        return true;
      }
    }
    return false;
  }

  /** The larger of both, everywhere. */
  Magnitudes with(Magnitudes others) {
    int[] larger = Arrays.copyOf(exponents, Math.max(exponents.length, others.exponents.length));
    for (int place = 0; place < others.exponents.length; place++) {
      larger[place] = Math.max(larger[place], others.exponents[place]);
    }
    return new Magnitudes(larger);
  }

  /** A size to order by. */
  int total() {
    return Arrays.stream(exponents).sum();
  }
}
