package io.onnxfleet.engine.repository;

import io.onnxfleet.engine.repository.ModelFolder.Version;
import io.onnxfleet.engine.runtime.ModelSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A version's files, which sessions read from a copy.
 *
 * @param folder of the copies, or null for the usual one
 */
public record CopiedModel(Path modelFile, ContentDigest digest, @Nullable Path folder)
    implements ModelSource {

  public static CopiedModel of(Version version, ContentDigest content, @Nullable Path folder) {
    return new CopiedModel(version.modelFile(), content, folder);
  }

  @Override
  public String content() {
    return digest.model();
  }

  @Override
  public long byteSize() {
    try {
      long total = 0;
      for (String file : digest.modelFiles().keySet()) {
        total += Files.size(modelFile.resolveSibling(file));
      }
      return total;
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  @Override
  public Copy copy() {
    return ModelCopies.in(folder).take(modelFile, digest);
  }
}
