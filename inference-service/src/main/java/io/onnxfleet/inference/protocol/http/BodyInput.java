package io.onnxfleet.inference.protocol.http;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;

/**
 * A request's body as it comes in, already decompressed and bounded in size: reading beyond the
 * bound throws. Not thread-safe.
 */
public abstract class BodyInput extends InputStream {
  private static final int CHUNK = 16 << 10;

  /**
   * An upper bound of the bytes that can still come: exact where the body's length was announced,
   * else what its bound leaves.
   */
  public abstract long remainingAtMost();

  /** Reads some bytes into a buffer of any kind; -1 at the end. */
  public int read(ByteBuffer target) throws IOException {
    byte[] chunk = new byte[Math.min(CHUNK, target.remaining())];
    int count = read(chunk, 0, chunk.length);
    if (count > 0) {
      target.put(chunk, 0, count);
    }
    return count;
  }
}
