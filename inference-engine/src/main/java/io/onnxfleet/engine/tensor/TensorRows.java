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
   * One tensor of all the rows, each filled up with zeros along axis 1 to {@code length}. The parts
   * stay the caller's.
   *
   * @param parts at least one, of a fixed-size type, rank 2 or more, equal in all dimensions but
   *     the first two
   * @param length at least the largest size along axis 1
   */
  public static Tensor joinPadded(BufferPool pool, List<Tensor> parts, long length) {
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
      for (long row = 0; row < part.rows(); row++) {
        int start = target.position();
        target.put(start, source, (int) row * partRowBytes, partRowBytes);
        target.position(start + partRowBytes);
        zero(target, rowBytes - partRowBytes);
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
   * The same rows with only the first {@code length} entries along axis 1, copied. The tensor stays
   * the caller's; it is of a fixed-size type.
   */
  public static Tensor trim(BufferPool pool, Tensor padded, long length) {
    Shape shape = padded.shape().with(1, length);
    Tensor trimmed = Tensor.allocate(pool, padded.dataType(), shape);
    ByteBuffer source = padded.data();
    ByteBuffer target = trimmed.data();
    int sourceRow = (int) (padded.shape().elementsPerRow() * padded.dataType().byteSize());
    int targetRow = (int) (shape.elementsPerRow() * padded.dataType().byteSize());
    for (int row = 0; row < padded.rows(); row++) {
      target.put(row * targetRow, source, row * sourceRow, targetRow);
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

  private static void zero(ByteBuffer target, int count) {
    int end = target.position() + count;
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
