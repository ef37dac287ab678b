package io.onnxfleet.inference.source;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/**
 * Unpacks a zip archive into a folder. No entry leaves the folder, links are written as the files
 * that they are in the archive, and the number of entries and of bytes is bounded, whatever the
 * archive says of itself.
 */
final class Unpacking {
  static final int MOST_ENTRIES = 100_000;

  private Unpacking() {}

  static void unpack(Path archive, Path folder, long maxBytes) throws IOException {
    Files.createDirectories(folder);
    long left = maxBytes;
    int entries = 0;
    try (InputStream file = Files.newInputStream(archive);
        ZipInputStream zip = new ZipInputStream(file)) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        if (++entries > MOST_ENTRIES) {
          throw new IOException("more than %d entries (expected: <= that)".formatted(MOST_ENTRIES));
        }
        Path target = Inside.of(folder, entry.getName());
        if (entry.isDirectory()) {
          Files.createDirectories(target);
        } else {
          Path parent = target.getParent();
          if (parent != null) {
            Files.createDirectories(parent);
          }
          left = copy(zip, target, left);
        }
      }
    }
    if (entries == 0) {
      throw new IOException("no zip archive, or an empty one (expected model folders in it)");
    }
  }

  private static long copy(InputStream zip, Path target, long most) throws IOException {
    byte[] buffer = new byte[1 << 16];
    long left = most;
    try (OutputStream out = Files.newOutputStream(target)) {
      for (int read = zip.read(buffer); read >= 0; read = zip.read(buffer)) {
        left -= read;
        if (left < 0) {
          throw new IOException("unpacks to more bytes than max-source-cache (expected: <= that)");
        }
        out.write(buffer, 0, read);
      }
    }
    return left;
  }
}
