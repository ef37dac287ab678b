package io.onnxfleet.jobs.lines;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import org.jspecify.annotations.Nullable;

/**
 * The lines of a part of a file, one after the other. A line ends with LF, CR LF or the part's end;
 * a byte order mark at the file's begin is none of it. Takes memory for a block and one line, whose
 * length is known before it is read. Not thread-safe.
 */
public final class LineReader implements Closeable {
  private static final int BLOCK = 64 << 10;
  private static final byte[] MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

  private final SeekableByteChannel file;
  private final long end;
  private final long longest;
  private final byte[] block = new byte[BLOCK];
  private long blockAt;
  private int blockSize;

  /** Where the next line begins. */
  private long position;

  private int number;

  /**
   * Reads a part of a file.
   *
   * @param file is closed with this, and if this cannot be made
   * @param firstLine the number of the line that begins the part, from 1
   * @param longest bytes of a line that is taken
   */
  public LineReader(SeekableByteChannel file, int firstLine, long from, long end, long longest)
      throws IOException {
    this.file = file;
    this.longest = longest;
    this.position = from;
    this.number = firstLine - 1;
    boolean isOpen = false;
    try {
      this.end = Math.min(end, file.size());
      if (from == 0 && beginsWithMark()) {
        position = MARK.length;
      }
      isOpen = true;
    } finally {
      if (!isOpen) {
        file.close();
      }
    }
  }

  private boolean beginsWithMark() throws IOException {
    for (int index = 0; index < MARK.length; index++) {
      if (index >= end || at(index) != MARK[index]) {
        return false;
      }
    }
    return true;
  }

  /**
   * One line, of which nothing is in memory yet.
   *
   * @param reader which reads it, as long as it is open
   * @param number from 1
   * @param length of the content in bytes
   * @param begin where it begins in the file
   * @param end where the next one begins
   */
  public record Line(LineReader reader, int number, long length, long begin, long end) {
    public boolean isBlank() {
      return length == 0;
    }

    /** Reads it, without its end; null if it is too long. */
    public byte @Nullable [] content() throws IOException {
      return length > reader.longest ? null : reader.read(begin, (int) length);
    }
  }

  /** The next line; null at the end. What follows the last line's end is no line. */
  public @Nullable Line next() throws IOException {
    if (position >= end) {
      return null;
    }
    long begin = position;
    long feed = begin;
    while (feed < end && at(feed) != '\n') {
      feed = nextFeed(feed);
    }
    position = Math.min(end, feed + 1);
    long last = feed > begin && at(feed - 1) == '\r' ? feed - 1 : feed;
    long length = last - begin;
    number++;
    return new Line(this, number, length, begin, position);
  }

  /** The next LF of the block from there on, or where the block ends. */
  private long nextFeed(long from) {
    int index = (int) (from - blockAt);
    while (index < blockSize && block[index] != '\n') {
      index++;
    }
    return Math.min(end, blockAt + index);
  }

  private byte at(long place) throws IOException {
    if (place < blockAt || place >= blockAt + blockSize) {
      fill(place);
    }
    return block[(int) (place - blockAt)];
  }

  private void fill(long place) throws IOException {
    ByteBuffer target = ByteBuffer.wrap(block);
    blockAt = place;
    blockSize = 0;
    file.position(place);
    while (target.hasRemaining() && file.read(target) >= 0) {
      // As much as there is.
    }
    blockSize = target.position();
    if (blockSize == 0) {
      throw new IOException("the file ended at " + place + " (expected: at " + end + " or later)");
    }
  }

  private byte[] read(long from, int length) throws IOException {
    byte[] content = new byte[length];
    if (from >= blockAt && from + length <= blockAt + blockSize) {
      System.arraycopy(block, (int) (from - blockAt), content, 0, length);
      return content;
    }
    ByteBuffer target = ByteBuffer.wrap(content);
    file.position(from);
    while (target.hasRemaining()) {
      if (file.read(target) < 0) {
        throw new IOException("the file ended within a line that was there before");
      }
    }
    return content;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
