package io.onnxfleet.engine.repository.check;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One tensor that a model holds: its dimensions make a size, its type is one, and its data are
 * there and as long as that. Lives for one tensor.
 */
final class TensorCheck {
  static final int MAX_RANK = 64;

  /** Bits of each element by ONNX's number of the type; 0 where the size is not told by it. */
  private static final Map<Integer, Integer> BITS = new HashMap<>();

  private static final int STRING = 8;

  /** Two or four share an element of {@code int32_data}, or two elements make one. */
  private static final Set<Integer> UNCOUNTED = Set.of(14, 15, 21, 22, 23, 25, 26);

  static {
    List.of(2, 3, 9, 17, 18, 19, 20, 24).forEach(type -> BITS.put(type, 8));
    List.of(4, 5, 10, 16).forEach(type -> BITS.put(type, 16));
    List.of(1, 6, 12).forEach(type -> BITS.put(type, 32));
    List.of(7, 11, 13, 14).forEach(type -> BITS.put(type, 64));
    List.of(21, 22, 23).forEach(type -> BITS.put(type, 4));
    List.of(25, 26).forEach(type -> BITS.put(type, 2));
    BITS.put(15, 128);
    BITS.put(STRING, 0);
  }

  private final List<Long> dims = new ArrayList<>();
  private final Map<String, String> external = new HashMap<>();
  private String name = "";
  private int type;
  private boolean isExternal;
  private long rawBytes = -1;
  private long elements;

  /** Reads the tensor that a field holds, checks it, and has its external data looked at. */
  static boolean read(MessageReader in, ExternalDataCheck files) throws IOException {
    TensorCheck tensor = new TensorCheck();
    if (!in.message(field -> tensor.read(in, field))) {
      return false;
    }
    tensor.check(files);
    return true;
  }

  private boolean read(MessageReader in, int field) throws IOException {
    switch (field) {
      case 1 -> readDims(in);
      case 2 -> type = in.isVarint() ? (int) in.number() : -1;
      case 4 -> elements += in.skipNumbers(Float.BYTES);
      case 10 -> elements += in.skipNumbers(Double.BYTES);
      case 5, 7, 11 -> elements += in.skipNumbers(0);
      case 6 -> {
        int _ = in.skipBytes();
        elements++;
      }
      case 8 -> name = Names.printable(in.text());
      case 9 -> rawBytes = in.skipBytes();
      case 13 -> {
        return readExternal(in);
      }
      case 14 -> isExternal = in.isVarint() && in.number() == 1;
      default -> {
        return false;
      }
    }
    return true;
  }

  private void readDims(MessageReader in) throws IOException {
    if (in.isLengthDelimited()) {
      in.packedNumbers(this::addDim);
    } else {
      addDim(in.number());
    }
  }

  private void addDim(long dim) {
    if (dims.size() == MAX_RANK) {
      throw refused("more than %d dimensions".formatted(MAX_RANK));
    }
    dims.add(dim);
  }

  private boolean readExternal(MessageReader in) throws IOException {
    String[] entry = {"", ""};
    boolean read =
        in.message(
            field -> {
              if (field != 1 && field != 2) {
                return false;
              }
              entry[field - 1] = in.text();
              return true;
            });
    external.put(entry[0], entry[1]);
    return read;
  }

  private void check(ExternalDataCheck files) {
    Integer bits = BITS.get(type);
    if (bits == null) {
      throw refused("element type %d (expected one of ONNX's)".formatted(type));
    }
    long count = 1;
    for (long dim : dims) {
      if (dim < 0) {
        throw refused("dimensions %s (expected: >= 0)".formatted(dims));
      }
      try {
        count = Math.multiplyExact(count, dim);
      } catch (ArithmeticException overflow) {
        throw refused("dimensions %s (expected a product below 2^63)".formatted(dims));
      }
    }
    if (count > Long.MAX_VALUE / 128) {
      throw refused("dimensions %s (expected a size below 2^63)".formatted(dims));
    }
    long byteSize = Math.ceilDiv(count * bits, 8);
    if (isExternal) {
      if (type == STRING) {
        throw refused("texts in an external file (expected them in the model)");
      }
      files.check(name, external, byteSize);
    } else if (rawBytes >= 0) {
      if (rawBytes != byteSize || type == STRING) {
        throw refused(
            "%d bytes of data (expected %d for the dimensions %s)"
                .formatted(rawBytes, byteSize, dims));
      }
    } else if (elements != count && !UNCOUNTED.contains(type)) {
      throw refused(
          "%d elements of data (expected %d for the dimensions %s)"
              .formatted(elements, count, dims));
    }
  }

  private InferenceException refused(String reason) {
    return new InferenceException(
        ErrorCode.MODEL_LOAD_FAILED, "tensor '%s': %s".formatted(name, reason));
  }
}
