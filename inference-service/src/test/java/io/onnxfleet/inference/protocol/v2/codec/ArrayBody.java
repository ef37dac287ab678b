package io.onnxfleet.inference.protocol.v2.codec;

import io.onnxfleet.inference.protocol.http.BodyInput;
import java.nio.charset.StandardCharsets;

/** A body in memory that comes in pieces of a chosen size, as one from a network does. */
final class ArrayBody extends BodyInput {
  private final byte[] bytes;
  private final int pieceSize;
  private int position;
  private int mostAsked;

  ArrayBody(byte[] bytes, int pieceSize) {
    this.bytes = bytes;
    this.pieceSize = pieceSize;
  }

  static ArrayBody of(byte[] bytes) {
    return new ArrayBody(bytes, Integer.MAX_VALUE);
  }

  static ArrayBody of(String json) {
    return of(json.getBytes(StandardCharsets.UTF_8));
  }

  /** The most bytes that were asked for at once. */
  int mostAsked() {
    return mostAsked;
  }

  @Override
  public long remainingAtMost() {
    return (long) bytes.length - position;
  }

  @Override
  public int read() {
    return position == bytes.length ? -1 : bytes[position++] & 0xFF;
  }

  @Override
  public int read(byte[] target, int offset, int length) {
    mostAsked = Math.max(mostAsked, length);
    if (position == bytes.length) {
      return -1;
    }
    int count = Math.min(Math.min(length, pieceSize), bytes.length - position);
    System.arraycopy(bytes, position, target, offset, count);
    position += count;
    return count;
  }
}
