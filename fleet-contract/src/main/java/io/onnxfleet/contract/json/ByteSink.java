package io.onnxfleet.contract.json;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Bytes that grow; bounded by what the caller writes. Takes up less than twice of that, or no more
 * than the bound that was told, and both the old and the new bytes while it grows. Not thread-safe.
 */
public final class ByteSink extends OutputStream {
  private static final int INITIAL = 512;

  private final long most;
  private byte[] bytes = new byte[INITIAL];
  private int size;

  public ByteSink() {
    this(Integer.MAX_VALUE);
  }

  /** Of which there will be that many at most. */
  public ByteSink(long most) {
    this.most = most;
  }

  /** Of which there will be nearly as many: memory is taken once, and never moved. */
  public static ByteSink ofNearly(long most) {
    ByteSink sink = new ByteSink(most);
    sink.bytes = new byte[(int) Math.max(INITIAL, Math.min(most, Integer.MAX_VALUE - 8))];
    return sink;
  }

  @Override
  public void write(int value) {
    ensure(1);
    bytes[size++] = (byte) value;
  }

  @Override
  public void write(byte[] source, int offset, int length) {
    ensure(length);
    System.arraycopy(source, offset, bytes, size, length);
    size += length;
  }

  /** The next {@code length} bytes, to be written through the returned view and then claimed. */
  public ByteBuffer room(int length) {
    ensure(length);
    return ByteBuffer.wrap(bytes, size, length).slice();
  }

  /** Takes the first bytes of the last {@link #room} as written. */
  public void claim(int length) {
    size += length;
  }

  /** Writes over four bytes that were written before, the lowest first. */
  public void putInt(int at, int value) {
    for (int index = 0; index < Integer.BYTES; index++) {
      bytes[at + index] = (byte) (value >> (Byte.SIZE * index));
    }
  }

  public void clear() {
    size = 0;
  }

  public int size() {
    return size;
  }

  public byte[] array() {
    return bytes;
  }

  public void writeTo(OutputStream target) throws IOException {
    target.write(bytes, 0, size);
  }

  private void ensure(int more) {
    long needed = (long) size + more;
    if (needed > Integer.MAX_VALUE - 8) {
      throw new OutOfMemoryError("more than 2 GiB in one buffer");
    }
    if (needed > bytes.length) {
      long grown =
          Math.min(Integer.MAX_VALUE - 8, Math.max(needed, Math.min(most, bytes.length * 2L)));
      bytes = Arrays.copyOf(bytes, (int) grown);
    }
  }
}
