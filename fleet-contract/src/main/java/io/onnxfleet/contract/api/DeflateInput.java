package io.onnxfleet.contract.api;

import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;

/**
 * What {@code Content-Encoding: deflate} stands for: the zlib format (RFC 1950), or the bare
 * deflate data (RFC 1951) that some clients send.
 */
public final class DeflateInput extends InflaterInputStream {
  /** Honest bodies inflate to no more times their size: JSON of numbers to three, text to five. */
  public static final long HONEST_RATIO = 20;

  /** Its two bytes make a multiple of 31. */
  private static final int ZLIB_HEAD = 2;

  private DeflateInput(InputStream source, Inflater inflater, int bufferSize) {
    super(source, inflater, bufferSize);
  }

  /**
   * Opens a body, of which it reads the first two bytes.
   *
   * @param bufferSize bytes that are read from it at a time, at least 1
   * @throws IOException if the source cannot be read
   */
  public static InputStream open(InputStream source, int bufferSize) throws IOException {
    PushbackInputStream start = new PushbackInputStream(source, ZLIB_HEAD);
    byte[] head = start.readNBytes(ZLIB_HEAD);
    start.unread(head);
    boolean isZlib =
        head.length == ZLIB_HEAD
            && (head[0] & 0x0F) == Deflater.DEFLATED
            && (((head[0] & 0xFF) << 8) | (head[1] & 0xFF)) % 31 == 0;
    return new DeflateInput(start, new Inflater(!isZlib), bufferSize);
  }

  /** Frees the inflater's memory too. */
  @Override
  public void close() throws IOException {
    inf.end();
    super.close();
  }
}
