package io.onnxfleet.engine.repository;

import io.onnxfleet.engine.repository.ModelFolder.Version;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** The files of a version. */
final class ModelFiles {
  static final int DEEPEST_FILE = 8;

  private ModelFiles() {}

  /** The size of all of them. */
  static long byteSize(Version version) {
    Path folder = version.modelFile().toAbsolutePath().getParent();
    if (folder == null) {
      return 0;
    }
    try (Stream<Path> files = Files.walk(folder, DEEPEST_FILE)) {
      return files.filter(Files::isRegularFile).mapToLong(ModelFiles::byteSize).sum();
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  private static long byteSize(Path file) {
    try {
      return Files.size(file);
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }
}
