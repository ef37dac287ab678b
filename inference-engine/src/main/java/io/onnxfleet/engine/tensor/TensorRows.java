package io.onnxfleet.engine.tensor;

import io.onnxfleet.engine.error.InferenceException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Joins tensors along the batch axis (the first one) into a batch, and parts a batch again.
 *
 * <p>Joining copies each part once; a single part is shared, not copied. Parting copies nothing:
 * the parts are references to the batch's memory.
 */
public final class TensorRows {
  private TensorRows() {}

  /**
   * One tensor of all the rows, in order. The parts stay the caller's.
   *
   * @param parts at least one, equal in type and in all dimensions but the first
   */
  public static Tensor join(BufferPool pool, List<Tensor> parts) {
    Tensor first = parts.getFirst();
    if (parts.size() == 1) {
      return first.share();
    }
    long rows = 0;
    long byteSize = 0;
    for (Tensor part : parts) {
      requireAlike(first, part);
      rows += part.rows();
      byteSize += part.byteSize();
    }
    Tensor joined =
        Tensor.ofByteSize(pool, first.dataType(), first.shape().with(0, rows), byteSize);
    ByteBuffer target = joined.data();
    for (Tensor part : parts) {
      target.put(part.data());
    }
    return joined;
  }

  /**
   * One tensor of all the rows, each filled up along axis 1 to {@code length}. The parts stay the
   * caller's.
   *
   * @param parts at least one, of a fixed-size type, rank 2 or more, equal in all dimensions but
   *     the first two
   * @param length at least the largest size along axis 1
   * @param side on which rows are filled up
   * @param fill the element that they are filled up with; 0 unless the type is an integer
   */
  public static Tensor joinPadded(
      BufferPool pool, List<Tensor> parts, long length, PaddingSide side, long fill) {
    Tensor first = parts.getFirst();
    long rows = 0;
    boolean padded = false;
    for (Tensor part : parts) {
      rows += part.rows();
      padded |= part.shape().dim(1) != length;
    }
    if (!padded) {
      return join(pool, parts);
    }
    Shape shape = first.shape().with(0, rows).with(1, length);
    Tensor joined = Tensor.allocate(pool, first.dataType(), shape);
    ByteBuffer target = joined.data();
    int rowBytes = (int) (shape.elementsPerRow() * first.dataType().byteSize());
    for (Tensor part : parts) {
      ByteBuffer source = part.data();
      int partRowBytes = (int) (part.shape().elementsPerRow() * part.dataType().byteSize());
      int filledBytes = rowBytes - partRowBytes;
      for (long row = 0; row < part.rows(); row++) {
        if (side == PaddingSide.LEFT) {
          fill(target, filledBytes, first.dataType(), fill);
        }
        int start = target.position();
        target.put(start, source, (int) row * partRowBytes, partRowBytes);
        target.position(start + partRowBytes);
        if (side == PaddingSide.RIGHT) {
          fill(target, filledBytes, first.dataType(), fill);
        }
      }
    }
    return joined;
  }

  /**
   * The rows of a batch as one tensor for each count. The batch stays the caller's, and may be
   * closed before the parts.
   *
   * @param counts rows of each part, in order; together all rows of the batch
   */
  public static List<Tensor> part(Tensor batch, long[] counts) {
    List<Tensor> parts = new ArrayList<>(counts.length);
    ByteBuffer data = batch.data();
    long elementsPerRow = batch.shape().elementsPerRow();
    int from = 0;
    try {
      for (long count : counts) {
        int to = endOf(batch, data, from, count * elementsPerRow);
        parts.add(batch.view(batch.shape().with(0, count), from, to - from));
        from = to;
      }
      return parts;
    } catch (Throwable failure) {
      parts.forEach(Tensor::close);
      throw failure;
    }
  }

  /**
   * The same rows without what they were filled up with: {@code length} entries along axis 1 are
   * left of each, copied. The tensor stays the caller's; it is of a fixed-size type.
   *
   * @param side on which the rows were filled up
   */
  public static Tensor trim(BufferPool pool, Tensor padded, long length, PaddingSide side) {
    Shape shape = padded.shape().with(1, length);
    Tensor trimmed = Tensor.allocate(pool, padded.dataType(), shape);
    ByteBuffer source = padded.data();
    ByteBuffer target = trimmed.data();
    int sourceRow = (int) (padded.shape().elementsPerRow() * padded.dataType().byteSize());
    int targetRow = (int) (shape.elementsPerRow() * padded.dataType().byteSize());
    int skipped = side == PaddingSide.LEFT ? sourceRow - targetRow : 0;
    for (int row = 0; row < padded.rows(); row++) {
      target.put(row * targetRow, source, row * sourceRow + skipped, targetRow);
    }
    return trimmed;
  }

  private static int endOf(Tensor batch, ByteBuffer data, int from, long elements) {
    if (batch.dataType().isFixedSize()) {
      return from + (int) (elements * batch.dataType().byteSize());
    }
    data.position(from);
    BytesElements.skip(data, elements, 0);
    return data.position();
  }

  private static void fill(ByteBuffer target, int count, DataType type, long fill) {
    int end = target.position() + count;
    if (fill != 0) {
      while (target.position() < end) {
        switch (type) {
          case INT64, UINT64 -> target.putLong(fill);
          case INT32, UINT32 -> target.putInt((int) fill);
          case INT16, UINT16 -> target.putShort((short) fill);
          case INT8, UINT8 -> target.put((byte) fill);
          case BOOL, FP16, BF16, FP32, FP64, BYTES ->
              throw new IllegalArgumentException(
                  "fill: %d for %s (expected 0, or an integer type)".formatted(fill, type));
        }
      }
    }
    while (end - target.position() >= Long.BYTES) {
      target.putLong(0);
    }
    while (target.position() < end) {
      target.put((byte) 0);
    }
  }

  private static void requireAlike(Tensor first, Tensor part) {
    boolean alike =
        first.dataType() == part.dataType()
            && part.shape().rank() > 0
            && part.shape().with(0, 0).equals(first.shape().with(0, 0));
    if (!alike) {
      throw InferenceException.invalidInput("%s in a batch of %s", part, first);
    }
  }
}
