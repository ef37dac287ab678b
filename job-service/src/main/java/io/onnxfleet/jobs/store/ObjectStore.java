package io.onnxfleet.jobs.store;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.jobs.failure.JobException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Objects: bytes under a name that this store thinks of, written once and never changed. An object
 * is there as a whole or not at all. They lie in a folder, or in a bucket that speaks S3. What
 * nobody refers to is deleted by the {@link Sweep}. Beside them there is a folder for what is under
 * way.
 *
 * <p>Safe for use by many threads and processes. Takes no name that it has not thought of. Throws a
 * {@link JobException} where it cannot be used for now.
 */
public final class ObjectStore implements Closeable {
  /** What ties it to its database lies there, beside the objects. */
  static final String MARK = "mark";

  private static final Logger LOGGER = LoggerFactory.getLogger(ObjectStore.class);

  private static final Pattern NAME = Pattern.compile("[0-9a-f]{32}");
  private static final int PREFIX = 2;
  private static final int BLOCK = 64 << 10;

  private final Scratch scratch;
  private final Storage storage;
  private final Supplier<String> names;

  /**
   * A store in a folder, which is made if it is not there.
   *
   * @param minFreeSpace bytes that stay free on its disk
   * @param names of 32 hexadecimal digits, none of them twice
   */
  public ObjectStore(Path directory, long minFreeSpace, Supplier<String> names) throws IOException {
    this.scratch = scratch(directory, minFreeSpace, names);
    this.storage = new FolderStorage(directory.resolve("objects"), scratch);
    this.names = names;
  }

  /** The same, somewhere else. */
  ObjectStore(Scratch scratch, Storage storage, Supplier<String> names) {
    this.scratch = scratch;
    this.storage = storage;
    this.names = names;
  }

  static Scratch scratch(Path directory, long minFreeSpace, Supplier<String> names)
      throws IOException {
    return new Scratch(directory.resolve("incoming"), minFreeSpace, names);
  }

  /**
   * Begins an object.
   *
   * @throws JobException if there is no room
   */
  public ObjectWriter create() throws IOException {
    requireRoom();
    return storage.create(names.get());
  }

  /** A file for what is put together before it becomes an object. */
  public FileChannel scratch() throws IOException {
    return scratch.open();
  }

  /**
   * Refuses where more would fill the disk.
   *
   * @throws JobException with what is free and what should be
   */
  public void requireRoom() throws IOException {
    scratch.requireRoom();
  }

  /** What somebody is told for whom there is no room now. */
  public static JobException full(String message) {
    return new JobException(ErrorCode.STORE_FULL, message);
  }

  /** What somebody is told whose bytes could not be written. */
  public static JobException unwritten(IOException failed) {
    return full("nothing can be written where files lie: " + failed.getMessage());
  }

  /** Opens an object to be read. */
  public SeekableByteChannel open(String name) throws IOException {
    return open(name, Long.MAX_VALUE);
  }

  /**
   * The same.
   *
   * @param end nothing is wanted from there on
   */
  public SeekableByteChannel open(String name, long end) throws IOException {
    return storage.open(name, end);
  }

  /**
   * Fetches an object, so that it can be read again and again whatever becomes of the storage. It
   * takes as much of the disk, until it is closed.
   */
  public FileChannel fetch(String name) throws IOException {
    SeekableByteChannel object = open(name);
    if (object instanceof FileChannel file) {
      return file;
    }
    try (object) {
      return copied(object);
    }
  }

  /**
   * A part of an object.
   *
   * @param file to be closed
   * @param begin where the part begins in it
   */
  public record Piece(FileChannel file, long begin) {}

  /**
   * The same of a part of an object.
   *
   * @param from the first byte
   * @param end nothing is wanted from there on
   */
  public Piece fetch(String name, long from, long end) throws IOException {
    SeekableByteChannel object = open(name, end);
    if (object instanceof FileChannel file) {
      return new Piece(file, from);
    }
    try (object) {
      object.position(from);
      return new Piece(copied(object), 0);
    }
  }

  private FileChannel copied(SeekableByteChannel object) throws IOException {
    FileChannel copy = scratch();
    boolean isWhole = false;
    try {
      copy(object, copy);
      isWhole = true;
      return copy;
    } finally {
      if (!isWhole) {
        copy.close();
      }
    }
  }

  private static void copy(SeekableByteChannel object, FileChannel copy) throws IOException {
    ByteBuffer block = ByteBuffer.allocate(BLOCK);
    while (object.read(block) >= 0) {
      block.flip();
      try {
        while (block.hasRemaining()) {
          copy.write(block);
        }
      } catch (IOException failed) {
        throw unwritten(failed);
      }
      block.clear();
    }
  }

  /** Whether an object is gone from a store that is there; a folder may be away for a while. */
  public boolean isLost(String name) throws IOException {
    return !storage.has(name) && !storage.mark().isEmpty();
  }

  /**
   * Deletes an object, if it is there; where that fails, the {@link Sweep} does it later. Tells
   * whether it was there, as far as is known, and is not any more.
   */
  @CanIgnoreReturnValue
  public boolean delete(String name) {
    try {
      return storage.delete(name);
    } catch (IOException | JobException failed) {
      LOGGER.warn(
          "object {} could not be deleted, it will be tried again: {}", name, failed.toString());
      return false;
    }
  }

  /** Where an object lies below the others; in folders, of which none gets too large. */
  static String place(String name) {
    if (!isName(name)) {
      throw new IllegalArgumentException("object '" + name + "' (expected: 32 hexadecimal digits)");
    }
    return name.substring(0, PREFIX) + "/" + name;
  }

  static boolean isName(String text) {
    return NAME.matcher(text).matches();
  }

  /** The storage's mark; empty if it has none, or is not there. */
  public String mark() throws IOException {
    return storage.mark();
  }

  /** {@link Storage#mark(String)}. */
  String mark(String given) throws IOException {
    return storage.mark(given);
  }

  /** Whether there is an object. */
  boolean hasObjects() throws IOException {
    return !storage.isEmpty();
  }

  /** {@link Storage#showUnchangedSince}: all of their names need not be in memory together. */
  void showUnchangedSince(Instant before, Consumer<List<String>> some) throws IOException {
    storage.showUnchangedSince(before, some);
  }

  /** Forgets what was begun and never finished, of which nothing was heard since. */
  void dropIncoming(Instant before) throws IOException {
    scratch.drop(before);
    storage.dropUnfinished(before);
  }

  /** Where objects lie, for people. */
  @Override
  public String toString() {
    return storage.toString();
  }

  @Override
  public void close() throws IOException {
    storage.close();
  }
}
