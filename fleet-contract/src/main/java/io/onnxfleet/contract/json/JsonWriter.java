package io.onnxfleet.contract.json;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Writes JSON into bytes for a stream: numbers digit by digit, in their shortest form that reads
 * back as the same number, without a string for each. What is written must be JSON; nothing is
 * checked. Holds two small buffers. Not thread-safe.
 */
public final class JsonWriter {
  /** As many characters of numbers at once, so that they are copied in one go. */
  private static final int RUN = 2 << 10;

  private static final int LONGEST_NUMBER = 26;
  private static final int SMALLEST_BUFFER = 256;
  private static final int BUFFER = 8 << 10;
  private static final byte[] HEX = "0123456789ABCDEF".getBytes(StandardCharsets.US_ASCII);

  private final OutputStream target;
  private final byte[] buffer;
  private int size;

  /*
   * The shortest forms are those of Float.toString and Double.toString (R. Giulietti, "The Schubfach
   * way to render doubles"), which a StringBuilder writes to its own bytes without making a string.
   */
  private final StringBuilder numbers;
  private final char[] characters;

  /**
   * A writer that has written nothing.
   *
   * @param estimatedLength about how much it will be, so that little takes little memory
   */
  public JsonWriter(OutputStream target, long estimatedLength) {
    this.target = target;
    int capacity = (int) Math.max(SMALLEST_BUFFER, Math.min(estimatedLength, BUFFER));
    buffer = new byte[capacity];
    numbers = new StringBuilder(Math.min(capacity, RUN));
    characters = new char[Math.min(capacity, RUN)];
  }

  /** Writes ASCII as it is. */
  @SuppressWarnings("deprecation") // the characters are bytes
  public JsonWriter raw(String ascii) throws IOException {
    int length = ascii.length();
    if (length > buffer.length - size) {
      flush();
      if (length > buffer.length) {
        target.write(ascii.getBytes(StandardCharsets.US_ASCII));
        return this;
      }
    }
    ascii.getBytes(0, length, buffer, size);
    size += length;
    return this;
  }

  /** Writes a text in quotes. */
  public JsonWriter string(String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return string(ByteBuffer.wrap(bytes));
  }

  /** Writes UTF-8 in quotes; the buffer's position moves to its limit. */
  public JsonWriter string(ByteBuffer utf8) throws IOException {
    put('"');
    while (utf8.hasRemaining()) {
      int next = utf8.get();
      switch (next) {
        case '"', '\\' -> escape(next);
        case '\b' -> escape('b');
        case '\t' -> escape('t');
        case '\n' -> escape('n');
        case '\f' -> escape('f');
        case '\r' -> escape('r');
        default -> {
          if (next >= 0 && next < ' ') {
            raw("\\u00");
            put(HEX[next >> 4]);
            put(HEX[next & 0xF]);
          } else {
            put(next);
          }
        }
      }
    }
    put('"');
    return this;
  }

  public JsonWriter number(long value) throws IOException {
    numbers.append(value);
    drain();
    return this;
  }

  /** The elements of an array of floats; the buffer's position moves to its limit. */
  public void floats(ByteBuffer values) throws IOException {
    while (values.hasRemaining()) {
      numbers.append(values.getFloat());
      separate(values);
    }
    drain();
  }

  public void doubles(ByteBuffer values) throws IOException {
    while (values.hasRemaining()) {
      numbers.append(values.getDouble());
      separate(values);
    }
    drain();
  }

  public void integers(ByteBuffer values, Integers reading) throws IOException {
    while (values.hasRemaining()) {
      long value = reading.next(values);
      numbers.append(value);
      separate(values);
    }
    drain();
  }

  public void unsignedLongs(ByteBuffer values) throws IOException {
    while (values.hasRemaining()) {
      numbers.append(Long.toUnsignedString(values.getLong()));
      separate(values);
    }
    drain();
  }

  /** How an integer lies in memory. */
  @FunctionalInterface
  public interface Integers {
    long next(ByteBuffer values);
  }

  private void separate(ByteBuffer rest) throws IOException {
    if (rest.hasRemaining()) {
      numbers.append(',');
    }
    if (numbers.length() > characters.length - LONGEST_NUMBER) {
      drain();
    }
  }

  private void drain() throws IOException {
    int length = numbers.length();
    if (length > buffer.length - size) {
      flush();
    }
    numbers.getChars(0, length, characters, 0);
    for (int index = 0; index < length; index++) {
      buffer[size + index] = (byte) characters[index];
    }
    size += length;
    numbers.setLength(0);
  }

  private void escape(int letter) throws IOException {
    put('\\');
    put(letter);
  }

  private void put(int next) throws IOException {
    if (size == buffer.length) {
      flush();
    }
    buffer[size++] = (byte) next;
  }

  /** Hands what was written to the stream, which is not flushed. */
  public void flush() throws IOException {
    target.write(buffer, 0, size);
    size = 0;
  }
}
