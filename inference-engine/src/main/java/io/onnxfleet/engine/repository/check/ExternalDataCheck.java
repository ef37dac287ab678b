package io.onnxfleet.engine.repository.check;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;

/**
 * The files that hold a model's weights beside it. Each is a regular file in the model's folder,
 * also once links are followed, or beside the file that the model itself is a link to; and it holds
 * what is read of it.
 */
final class ExternalDataCheck {
  private final Path modelFile;
  private final Path modelFolder;

  /**
   * A check of one model's files.
   *
   * @param modelFolder what they must lie in
   */
  ExternalDataCheck(Path modelFile, Path modelFolder) {
    this.modelFile = modelFile.toAbsolutePath();
    this.modelFolder = modelFolder.toAbsolutePath();
  }

  void check(String tensor, Map<String, String> entries, long byteSize) {
    String location = entries.getOrDefault("location", "");
    Path file = resolve(tensor, location);
    long offset = number(tensor, entries, "offset", 0);
    long length = number(tensor, entries, "length", byteSize);
    if (length != byteSize) {
      throw refused(tensor, "length %d of external data (expected %d)".formatted(length, byteSize));
    }
    try {
      long size = Files.size(file);
      if (offset > size || length > size - offset) {
        requireKnownKind(tensor, location, file);
        throw refused(
            tensor,
            "%d bytes from %d on of '%s' (expected: within its %d bytes)"
                .formatted(length, offset, Names.printable(location), size));
      }
    } catch (IOException unreadable) {
      throw refused(tensor, "'%s' (expected a readable file)".formatted(Names.printable(location)));
    }
  }

  /** Says what else it is, if that can be told, rather than that it is too short. */
  private static void requireKnownKind(String tensor, String location, Path file)
      throws IOException {
    byte[] head;
    try (InputStream in = Files.newInputStream(file)) {
      head = in.readNBytes(FileKind.BYTES_NEEDED);
    }
    FileKind.other(head)
        .ifPresent(
            other -> {
              throw refused(
                  tensor,
                  "external data '%s' is %s (expected weights)"
                      .formatted(Names.printable(location), other));
            });
  }

  private Path resolve(String tensor, String location) {
    String shown = Names.printable(location);
    try {
      Path relative = Path.of(location);
      Path parent = modelFile.getParent();
      if (location.isEmpty() || relative.isAbsolute() || parent == null) {
        throw refused(tensor, "external data '%s' (expected a relative path)".formatted(shown));
      }
      for (Path part : relative) {
        if (part.toString().equals("..")) {
          throw refused(tensor, "external data '%s' (expected no '..')".formatted(shown));
        }
      }
      Path file = parent.resolve(relative);
      if (!Files.isRegularFile(file)) {
        throw refused(tensor, "external data '%s' (expected a file there)".formatted(shown));
      }
      Path real = file.toRealPath();
      if (!real.startsWith(modelFolder.toRealPath()) && !isBesideModel(real)) {
        throw refused(
            tensor,
            "external data '%s' leads out of the model's folder (expected a file in it)"
                .formatted(shown));
      }
      return file;
    } catch (InvalidPathException | IOException noPath) {
      throw refused(tensor, "external data '%s' (expected a readable file)".formatted(shown));
    }
  }

  /** A model that is itself a link may have its weights beside the file that it leads to. */
  private boolean isBesideModel(Path real) throws IOException {
    Path parent = modelFile.toRealPath().getParent();
    return parent != null && real.startsWith(parent);
  }

  private static long number(
      String tensor, Map<String, String> entries, String key, long otherwise) {
    String value = entries.get(key);
    if (value == null || value.isEmpty()) {
      return otherwise;
    }
    if (!value.matches("[0-9]{1,18}")) {
      throw refused(
          tensor,
          "%s '%s' of external data (expected a number, >= 0)"
              .formatted(key, Names.printable(value)));
    }
    return Long.parseLong(value);
  }

  private static InferenceException refused(String tensor, String reason) {
    return new InferenceException(
        ErrorCode.MODEL_LOAD_FAILED, "tensor '%s': %s".formatted(tensor, reason));
  }
}
