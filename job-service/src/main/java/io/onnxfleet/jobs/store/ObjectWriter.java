package io.onnxfleet.jobs.store;

import io.onnxfleet.jobs.failure.JobException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * One object while it is written. Closing it before it is {@link #keep kept} leaves nothing. Not
 * thread-safe.
 */
public abstract class ObjectWriter extends OutputStream {
  private static final long COPIED_AT_ONCE = 1 << 20;

  private final FileChannel channel;
  private final long every;
  private long size;
  private long left;

  /**
   * Writes to a file first.
   *
   * @param every how many bytes of it {@link #reach} is called
   */
  ObjectWriter(FileChannel channel, long every) {
    this.channel = channel;
    this.every = every;
    this.left = every;
  }

  /** Bytes that were written. */
  public final long size() {
    return size;
  }

  @Override
  public final void write(int value) throws IOException {
    write(new byte[] {(byte) value}, 0, 1);
  }

  @Override
  public final void write(byte[] bytes, int offset, int length) throws IOException {
    int done = 0;
    while (done < length) {
      int some = (int) Math.min(length - done, left);
      ByteBuffer piece = ByteBuffer.wrap(bytes, offset + done, some);
      try {
        while (piece.hasRemaining()) {
          channel.write(piece);
        }
      } catch (IOException failed) {
        throw unwritten(failed);
      }
      done += some;
      wrote(some);
    }
  }

  /** Appends some of a file. */
  public final void append(FileChannel source, long position, long length) throws IOException {
    long done = 0;
    while (done < length) {
      long more;
      try {
        long some = Math.min(length - done, Math.min(COPIED_AT_ONCE, left));
        more = source.transferTo(position + done, some, channel);
      } catch (IOException failed) {
        throw unwritten(failed);
      }
      if (more <= 0) {
        throw new IOException("the file ended after " + done + " bytes (expected: " + length + ")");
      }
      done += more;
      wrote(more);
    }
  }

  private void wrote(long more) throws IOException {
    size += more;
    left -= more;
    if (left == 0) {
      left = every;
      reach();
    }
  }

  /** As many bytes have come as were said. */
  abstract void reach() throws IOException;

  /** Makes it an object for good. Returns when it would survive. */
  public abstract String keep() throws IOException;

  static JobException unwritten(IOException failed) {
    return ObjectStore.unwritten(failed);
  }

  @Override
  public abstract void close() throws IOException;
}
