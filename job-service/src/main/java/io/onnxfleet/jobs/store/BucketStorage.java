package io.onnxfleet.jobs.store;

import io.onnxfleet.jobs.failure.JobException;
import io.onnxfleet.jobs.store.s3.Bucket;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Objects of a bucket, by the same places below a prefix that they would have in a folder: a folder
 * can be copied there as it is. Thread-safe.
 */
final class BucketStorage implements Storage {
  private static final Logger LOGGER = LoggerFactory.getLogger(BucketStorage.class);

  private static final String OBJECTS = "objects/";

  private final Bucket bucket;
  private final String objects;
  private final String mark;
  private final Scratch scratch;
  private final long partSize;

  /**
   * A part of a bucket.
   *
   * @param prefix of all keys; empty or with a slash at its end
   * @param scratch where a part lies until it is sent
   * @param partSize 5 MiB or more, but of tests
   */
  BucketStorage(Bucket bucket, String prefix, Scratch scratch, long partSize) {
    this.bucket = bucket;
    this.objects = prefix + OBJECTS;
    this.mark = objects + ObjectStore.MARK;
    this.scratch = scratch;
    this.partSize = partSize;
  }

  private String key(String name) {
    return objects + ObjectStore.place(name);
  }

  @Override
  public ObjectWriter create(String name) throws IOException {
    return new BucketWriter(bucket, name, key(name), scratch.open(), partSize);
  }

  @Override
  public SeekableByteChannel open(String name, long end) throws IOException {
    return bucket.open(key(name), end);
  }

  @Override
  public boolean has(String name) {
    return bucket.size(key(name)).isPresent();
  }

  /** Stores say nothing of whether it was there. */
  @Override
  public boolean delete(String name) {
    bucket.delete(key(name));
    return true;
  }

  @Override
  public String mark() {
    return bucket
        .read(mark)
        .map(bytes -> new String(bytes, StandardCharsets.US_ASCII).strip())
        .orElse("");
  }

  @Override
  public String mark(String given) {
    byte[] bytes = given.getBytes(StandardCharsets.US_ASCII);
    bucket.putFirst(mark, () -> new ByteArrayInputStream(bytes), bytes.length);
    return mark();
  }

  /** Names come before the mark, and behind what some consoles put there for a folder. */
  @Override
  public boolean isEmpty() {
    return bucket.first(objects, 2).stream()
        .map(BucketStorage::name)
        .noneMatch(ObjectStore::isName);
  }

  private static String name(String key) {
    return key.substring(key.lastIndexOf('/') + 1);
  }

  /** A page of the listing at a time. */
  @Override
  public void showUnchangedSince(Instant before, Consumer<List<String>> some) {
    bucket.list(
        objects,
        page ->
            some.accept(
                page.stream()
                    .filter(object -> object.modified().isBefore(before))
                    .map(object -> name(object.key()))
                    .filter(ObjectStore::isName)
                    .toList()));
  }

  /** Not every store lists them, and nothing is wrong where they stay for a while. */
  @Override
  public void dropUnfinished(Instant before) {
    try {
      bucket.abortUnchangedSince(objects, before);
    } catch (JobException refused) {
      LOGGER.warn("parts that nothing was made of are left: {}", refused.getMessage());
    }
  }

  @Override
  public String toString() {
    return bucket + "/" + objects;
  }

  @Override
  public void close() {
    bucket.close();
  }
}
