package io.onnxfleet.engine.file;

import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** Paths that others chose, within a folder of ours. Stateless, thread-safe. */
public final class Inside {
  private Inside() {}

  /**
   * The file of that name in the folder or below.
   *
   * @throws IOException if it would lie elsewhere
   */
  public static Path of(Path folder, String name) throws IOException {
    try {
      Path file = folder.resolve(name).normalize();
      if (!name.contains("\\") && file.startsWith(folder) && !file.equals(folder)) {
        return file;
      }
    } catch (InvalidPathException noPath) {
      // Told below.
    }
    throw new IOException(
        "entry '%s' (expected a path within the source)"
            .formatted(name.replaceAll("\\p{Cntrl}", "?")));
  }
}
