package io.onnxfleet.engine.repository;

import io.onnxfleet.engine.repository.ModelFolder.Version;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** The files of a version. */
public final class ModelFiles {
  static final int DEEPEST_FILE = 8;

  private ModelFiles() {}

  /** The size of all of them. */
  public static long byteSize(Version version) {
    Path folder = version.modelFile().toAbsolutePath().getParent();
    if (folder == null) {
      return 0;
    }
    if (!folder.endsWith(Long.toString(version.number()))) {
      return byteSizeAsItLies(folder, version.modelFile());
    }
    try (Stream<Path> files = Files.walk(folder, DEEPEST_FILE)) {
      return files.filter(Files::isRegularFile).mapToLong(ModelFiles::byteSize).sum();
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  /** Beside the file lie other forms of the model; its own weights begin with its name. */
  private static long byteSizeAsItLies(Path folder, Path modelFile) {
    String name = modelFile.getFileName().toString();
    String stem = name.contains(".") ? name.substring(0, name.lastIndexOf('.') + 1) : name;
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(Files::isRegularFile)
          .filter(
              file -> {
                String other = file.getFileName().toString();
                return other.startsWith(name) || other.startsWith(stem);
              })
          .filter(file -> file.equals(modelFile) || !isModel(file))
          .mapToLong(ModelFiles::byteSize)
          .sum();
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  private static boolean isModel(Path file) {
    String name = file.getFileName().toString();
    return name.endsWith(".onnx") || name.endsWith(".ort") || name.endsWith(".safetensors");
  }

  private static long byteSize(Path file) {
    try {
      return Files.size(file);
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }
}
