package io.onnxfleet.engine.file;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/**
 * Unpacks an archive into a folder. No entry leaves the folder, links of a zip archive are written
 * as the files that they are in it, and the number of entries and of bytes is bounded, whatever the
 * archive says of itself. For one archive; not thread-safe.
 */
public final class Unpacking {
  public static final int MOST_ENTRIES = 100_000;

  private final Path folder;
  private final String bound;
  private long left;
  private int entries;

  /**
   * Into a folder, which is made if it is missing.
   *
   * @param maxBytes of all files together
   * @param bound what these are called
   */
  public Unpacking(Path folder, long maxBytes, String bound) throws IOException {
    this.folder = Files.createDirectories(folder);
    this.left = maxBytes;
    this.bound = bound;
  }

  /** Unpacks a zip archive. */
  public void zip(Path archive) throws IOException {
    try (InputStream file = Files.newInputStream(archive);
        ZipInputStream zip = new ZipInputStream(file)) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        if (entry.isDirectory()) {
          addFolder(entry.getName());
        } else {
          addFile(entry.getName(), zip);
        }
      }
    }
    if (entries == 0) {
      throw new IOException("no zip archive, or an empty one (expected model folders in it)");
    }
  }

  /** Entries so far. */
  public int entries() {
    return entries;
  }

  /** Makes an entry's folder. */
  public void addFolder(String name) throws IOException {
    Files.createDirectories(target(name));
  }

  /** Writes an entry's file: what is left of a stream, which stays open. */
  public void addFile(String name, InputStream content) throws IOException {
    Path target = target(name);
    Path parent = target.getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    if (Files.exists(target)) {
      // Also by another name that the file system takes for the same.
      throw new IOException(
          "entry '%s' comes twice (expected: once)".formatted(name.replaceAll("\\p{Cntrl}", "?")));
    }
    byte[] buffer = new byte[1 << 16];
    try (OutputStream out = Files.newOutputStream(target)) {
      for (int read = content.read(buffer); read >= 0; read = content.read(buffer)) {
        left -= read;
        if (left < 0) {
          throw new IOException(
              "unpacks to more bytes than %s (expected: <= that)".formatted(bound));
        }
        out.write(buffer, 0, read);
      }
    }
  }

  private Path target(String name) throws IOException {
    if (++entries > MOST_ENTRIES) {
      throw new IOException("more than %d entries (expected: <= that)".formatted(MOST_ENTRIES));
    }
    return Inside.of(folder, name);
  }
}
