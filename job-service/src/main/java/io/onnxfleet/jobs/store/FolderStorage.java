package io.onnxfleet.jobs.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Objects as files of a folder, which several processes may share. One is written beside the
 * others, forced to the disk, and then put in its place. Thread-safe.
 */
final class FolderStorage implements Storage {
  private static final Logger LOGGER = LoggerFactory.getLogger(FolderStorage.class);

  private final Path objects;
  private final Path mark;
  private final Scratch incoming;

  /**
   * A folder, which is made if it is not there.
   *
   * @param incoming on the same disk
   */
  FolderStorage(Path objects, Scratch incoming) throws IOException {
    this.objects = Files.createDirectories(objects.toAbsolutePath());
    this.mark = this.objects.resolve(ObjectStore.MARK);
    this.incoming = incoming;
  }

  @Override
  public ObjectWriter create(String name) throws IOException {
    return new FolderWriter(this, incoming, name);
  }

  @Override
  public SeekableByteChannel open(String name, long end) throws IOException {
    return FileChannel.open(place(name), StandardOpenOption.READ);
  }

  @Override
  public boolean has(String name) {
    return !Files.notExists(place(name));
  }

  @Override
  public boolean delete(String name) throws IOException {
    return Files.deleteIfExists(place(name));
  }

  private Path place(String name) {
    return objects.resolve(ObjectStore.place(name));
  }

  /** Puts what was written, and forced to the disk, in its place; returns when it would stay. */
  void put(Path written, String name) throws IOException {
    Path place = place(name);
    Path folder = Files.createDirectories(place.resolveSibling(""));
    Files.move(written, place, StandardCopyOption.ATOMIC_MOVE);
    force(folder);
    force(objects);
  }

  private static void force(Path folder) throws IOException {
    try (FileChannel entries = FileChannel.open(folder, StandardOpenOption.READ)) {
      entries.force(true);
    }
  }

  @Override
  public String mark() throws IOException {
    return Files.exists(mark) ? Files.readString(mark).strip() : "";
  }

  /** As a whole or not at all; the mark of whoever is first. */
  @Override
  public String mark(String given) throws IOException {
    Path begun = objects.resolveSibling("mark-" + given);
    try {
      try (FileChannel channel =
          FileChannel.open(begun, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        channel.write(ByteBuffer.wrap(given.getBytes(StandardCharsets.US_ASCII)));
        channel.force(true);
      }
      Files.createLink(mark, begun);
    } catch (FileAlreadyExistsException marked) {
      LOGGER.debug("another job service has just marked {}", objects, marked);
    } finally {
      Files.deleteIfExists(begun);
    }
    force(objects);
    return mark();
  }

  @Override
  public boolean isEmpty() throws IOException {
    for (Path folder : folders()) {
      if (!unchangedSince(folder, Instant.MAX).isEmpty()) {
        return false;
      }
    }
    return true;
  }

  /** A folder at a time. */
  @Override
  public void showUnchangedSince(Instant before, Consumer<List<String>> some) throws IOException {
    for (Path folder : folders()) {
      some.accept(unchangedSince(folder, before));
    }
  }

  private List<Path> folders() throws IOException {
    try (Stream<Path> files = Files.list(objects)) {
      return files.filter(Files::isDirectory).toList();
    }
  }

  private static List<String> unchangedSince(Path folder, Instant before) throws IOException {
    List<String> found = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        String name = String.valueOf(file.getFileName());
        if (ObjectStore.isName(name) && Scratch.isUnchanged(file, before)) {
          found.add(name);
        }
      }
    }
    return found;
  }

  /** What is under way lies in the scratch folder alone. */
  @Override
  public void dropUnfinished(Instant before) {}

  @Override
  public String toString() {
    return objects.toString();
  }

  @Override
  public void close() {}
}
