package io.onnxfleet.engine.runtime;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Opened where it lies, and kept in no other form. */
record UnchangingModel(Path modelFile) implements ModelSource {

  @Override
  public @Nullable String content() {
    return null;
  }

  @Override
  public long byteSize() {
    return 0;
  }

  @Override
  public Copy copy() {
    return new Copy() {
      @Override
      public Path modelFile() {
        return modelFile;
      }

      @Override
      public void close() {
        // Nothing was taken.
      }
    };
  }
}
