package io.onnxfleet.optimizer.adding;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.hub.HubReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** Where a model comes from. */
public sealed interface ModelSource {
  /** A folder of this machine. */
  record Folder(Path path) implements ModelSource {}

  /** A zip archive or a compressed tar archive of this machine. */
  record Archive(Path path) implements ModelSource {}

  /** A hub. */
  record Hub(HubReference reference) implements ModelSource {}

  /**
   * Reads {@code FOLDER}, {@code ARCHIVE} or {@code hf://ORG/NAME[@REVISION]}.
   *
   * @throws OptimizerException if it is none
   */
  static ModelSource parse(String text) {
    if (text.startsWith(HubReference.SCHEME)) {
      return new Hub(HubReference.parse(text));
    }
    Path path = Path.of(text).toAbsolutePath().normalize();
    if (Files.isDirectory(path)) {
      return new Folder(path);
    }
    if (Files.isRegularFile(path)) {
      return new Archive(path);
    }
    throw new OptimizerException(
        "'%s' (expected: a folder, an archive .zip or .tar.gz, or hf://ORG/NAME[@REVISION])"
            .formatted(text));
  }

  /** The name that the model has there. */
  default String name() {
    return switch (this) {
      case Folder(Path path) -> String.valueOf(path.getFileName());
      case Archive(Path path) -> withoutEnd(String.valueOf(path.getFileName()));
      case Hub(HubReference reference) -> reference.name();
    };
  }

  private static String withoutEnd(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    for (String end : new String[] {".tar.gz", ".tgz", ".zip"}) {
      if (lower.endsWith(end)) {
        return name.substring(0, name.length() - end.length());
      }
    }
    return name;
  }
}
