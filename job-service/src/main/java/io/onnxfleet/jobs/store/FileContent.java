package io.onnxfleet.jobs.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * What a file has, or a part of it, wherever its channel stands: several may read it at a time.
 * Closing it leaves the channel open. Not thread-safe.
 */
public final class FileContent extends InputStream {
  private final FileChannel file;
  private final long end;
  private long position;

  /** All of it, from its begin. */
  public FileContent(FileChannel file) {
    this(file, 0, Long.MAX_VALUE);
  }

  /** So many bytes from there on, or as many as there are. */
  public FileContent(FileChannel file, long from, long length) {
    this.file = file;
    this.position = from;
    this.end = length > Long.MAX_VALUE - from ? Long.MAX_VALUE : from + length;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    if (position >= end) {
      return -1;
    }
    int wanted = (int) Math.min(length, end - position);
    int read = file.read(ByteBuffer.wrap(target, offset, wanted), position);
    position += Math.max(0, read);
    return read;
  }
}
