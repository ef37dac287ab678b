package io.onnxfleet.jobs.store;

import io.onnxfleet.jobs.failure.JobException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.NoSuchFileException;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;

/**
 * What objects lie in, under names of 32 hexadecimal digits. An object is there as a whole or not
 * at all, and for good once its writer says so. One of them knows of one more thing: its mark.
 * Every method throws a {@link JobException} where the storage cannot be used. Thread-safe.
 */
interface Storage extends Closeable {

  /** Begins an object. */
  ObjectWriter create(String name) throws IOException;

  /**
   * Opens an object.
   *
   * @param end nothing is wanted from there on
   * @throws NoSuchFileException if it is not there, or the storage itself is not
   */
  SeekableByteChannel open(String name, long end) throws IOException;

  /** False if an object is not there, or the storage itself is not. */
  boolean has(String name);

  /** Deletes an object, and tells whether it was there, as far as the storage knows. */
  boolean delete(String name) throws IOException;

  /** The mark; empty if there is none. */
  String mark() throws IOException;

  /** Marks it, unless somebody has just done so; the mark that it has then. */
  String mark(String mark) throws IOException;

  boolean isEmpty() throws IOException;

  /** Shows the names of objects that nobody has written to since, some at a time. */
  void showUnchangedSince(Instant before, Consumer<List<String>> some) throws IOException;

  /** Forgets what was begun and never finished, of which nothing was heard since. */
  void dropUnfinished(Instant before) throws IOException;
}
