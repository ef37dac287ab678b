package io.onnxfleet.engine.runtime;

import io.onnxfleet.engine.error.InferenceException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The files of a model as they were when they were looked at. Thread-safe. */
public interface ModelSource {
  /** Where the model lies: for names and messages, not to be opened by native code. */
  Path modelFile();

  /** A digest of the bytes of all the model's files, or null if they were not looked at. */
  @Nullable String content();

  /** Bytes of all the model's files. */
  long byteSize();

  /**
   * The same files where nobody but this server writes.
   *
   * @throws InferenceException with the reason if they cannot be had, or are no longer the same
   */
  Copy copy();

  /** Files that stay as they are until it is closed. */
  interface Copy extends AutoCloseable {
    Path modelFile();

    /** May be called again, which changes nothing. */
    @Override
    void close();
  }

  /** A model that nobody changes while it is open, of unknown content. */
  static ModelSource unchanging(Path modelFile) {
    return new UnchangingModel(modelFile);
  }
}
