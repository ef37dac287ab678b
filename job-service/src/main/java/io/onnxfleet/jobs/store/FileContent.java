package io.onnxfleet.jobs.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * What a file has, from its begin, wherever its channel stands: several may read it at a time.
 * Closing it leaves the channel open. Not thread-safe.
 */
public final class FileContent extends InputStream {
  private final FileChannel file;
  private long position;

  public FileContent(FileChannel file) {
    this.file = file;
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
    int read = file.read(ByteBuffer.wrap(target, offset, length), position);
    position += Math.max(0, read);
    return read;
  }
}
