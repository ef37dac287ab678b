package io.onnxfleet.jobs.store;

import io.onnxfleet.jobs.failure.JobException;
import io.onnxfleet.jobs.store.s3.Bucket;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An object that is sent part by part, each once it is whole; until then it lies in a file. What
 * has no more than one part is sent as a whole.
 */
final class BucketWriter extends ObjectWriter {
  private static final Logger LOGGER = LoggerFactory.getLogger(BucketWriter.class);

  private final Bucket bucket;
  private final String name;
  private final String key;
  private final FileChannel part;
  private final List<Bucket.Part> parts = new ArrayList<>();
  private @Nullable String upload;
  private boolean mayBeThere;
  private boolean kept;

  BucketWriter(Bucket bucket, String name, String key, FileChannel part, long partSize) {
    super(part, partSize);
    this.bucket = bucket;
    this.name = name;
    this.key = key;
    this.part = part;
  }

  @Override
  void reach() throws IOException {
    String known = upload == null ? bucket.begin(key) : upload;
    upload = known;
    parts.add(bucket.put(key, known, parts.size() + 1, () -> new FileContent(part), part.size()));
    part.truncate(0);
  }

  @Override
  public String keep() throws IOException {
    String known = upload;
    if (known == null) {
      mayBeThere = true;
      bucket.put(key, () -> new FileContent(part), part.size());
    } else {
      if (part.size() > 0) {
        reach();
      }
      mayBeThere = true;
      bucket.complete(key, known, parts, size());
    }
    kept = true;
    return name;
  }

  @Override
  public void close() throws IOException {
    part.close();
    if (kept) {
      return;
    }
    if (upload != null) {
      bucket.abort(key, upload);
    }
    if (mayBeThere) {
      // Its answer was lost, or it was refused: nobody will ever name it.
      try {
        bucket.delete(key);
      } catch (JobException refused) {
        LOGGER.warn("object {} may be left, it will be swept: {}", name, refused.getMessage());
      }
    }
  }
}
