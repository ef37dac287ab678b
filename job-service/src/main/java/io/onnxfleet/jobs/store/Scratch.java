package io.onnxfleet.jobs.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** A folder for what is under way, whose disk is never filled. Thread-safe. */
final class Scratch {
  private final Path folder;
  private final long minFreeSpace;
  private final Supplier<String> names;

  /**
   * A folder, which is made if it is not there.
   *
   * @param minFreeSpace bytes that stay free on its disk
   * @param names none of them twice
   */
  Scratch(Path folder, long minFreeSpace, Supplier<String> names) throws IOException {
    this.folder = Files.createDirectories(folder.toAbsolutePath());
    this.minFreeSpace = minFreeSpace;
    this.names = names;
  }

  /** Where something of that name would lie. */
  Path place(String name) {
    return folder.resolve(name);
  }

  /** A file that is gone once it is closed, or the process ends. */
  FileChannel open() throws IOException {
    requireRoom();
    return FileChannel.open(
        place(names.get()),
        StandardOpenOption.CREATE_NEW,
        StandardOpenOption.READ,
        StandardOpenOption.WRITE,
        StandardOpenOption.DELETE_ON_CLOSE);
  }

  /** {@link ObjectStore#requireRoom}. */
  void requireRoom() throws IOException {
    long free = Files.getFileStore(folder).getUsableSpace();
    if (free < minFreeSpace) {
      throw ObjectStore.full(
          "%d MiB are free where files lie (expected: >= %d)"
              .formatted(free >> 20, minFreeSpace >> 20));
    }
  }

  /** Deletes what was begun and never finished, of which nothing was heard since. */
  void drop(Instant before) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        if (isUnchanged(file, before)) {
          Files.deleteIfExists(file);
        }
      }
    }
  }

  /** Whether nobody has written to a file since; false if it is gone. */
  static boolean isUnchanged(Path file, Instant before) {
    try {
      return Files.getLastModifiedTime(file).toInstant().isBefore(before);
    } catch (IOException gone) {
      return false;
    }
  }
}
