package io.onnxfleet.engine.repository;

import io.onnxfleet.engine.file.Sha256;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The digest of one file: SHA-256 over its size and the SHA-256 of each of its parts of 4 MiB,
 * which large files have computed by several threads. Stateless.
 *
 * <p>Nothing is remembered: names, sizes and times do not identify what is in a file.
 */
final class FileDigest {
  private static final int PART = 4 << 20;
  private static final int BUFFER = 1 << 17;

  /** From so many parts on, threads are worth it. */
  private static final int FEW_PARTS = 8;

  private FileDigest() {}

  /**
   * Reads the file.
   *
   * @throws IOException if it cannot be read, or is written to meanwhile
   */
  static String of(Path file) throws IOException {
    BasicFileAttributes before = Files.readAttributes(file, BasicFileAttributes.class);
    long size = before.size();
    int parts = Math.toIntExact(Math.ceilDiv(size, (long) PART));
    MessageDigest digest = Sha256.digest();
    digest.update(ByteBuffer.allocate(Long.BYTES).putLong(size).flip());
    try (FileChannel channel = FileChannel.open(file)) {
      IntStream numbers = IntStream.range(0, parts);
      List<byte[]> digests =
          (parts < FEW_PARTS ? numbers : numbers.parallel())
              .mapToObj(part -> part(channel, (long) part * PART, size))
              .toList();
      digests.forEach(digest::update);
    } catch (UncheckedIOException failure) {
      throw failure.getCause();
    }
    BasicFileAttributes after = Files.readAttributes(file, BasicFileAttributes.class);
    FileTime written = before.lastModifiedTime();
    if (after.size() != size || !after.lastModifiedTime().equals(written)) {
      throw new IOException(file.getFileName() + " is written to while it is read");
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** The same of bytes that were read. */
  static String of(byte[] content) {
    MessageDigest digest = Sha256.digest();
    digest.update(ByteBuffer.allocate(Long.BYTES).putLong(content.length).flip());
    for (int from = 0; from < content.length; from += PART) {
      MessageDigest part = Sha256.digest();
      part.update(content, from, Math.min(PART, content.length - from));
      digest.update(part.digest());
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static byte[] part(FileChannel channel, long from, long size) {
    MessageDigest digest = Sha256.digest();
    ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(BUFFER, Math.max(1, size - from)));
    long end = Math.min(size, from + PART);
    long at = from;
    try {
      while (at < end) {
        buffer.clear().limit((int) Math.min(buffer.capacity(), end - at));
        int read = channel.read(buffer, at);
        if (read < 0) {
          throw new EOFException("it became shorter while it was read");
        }
        digest.update(buffer.flip());
        at += read;
      }
      return digest.digest();
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }
}
