package io.onnxfleet.optimizer.repository;

import io.onnxfleet.optimizer.OptimizerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** What is done to folders as a whole. */
public final class Folders {
  private Folders() {}

  /** Removes a folder and all that is in it; does nothing if there is none. */
  public static void remove(Path folder) {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException failure) {
      throw new OptimizerException(folder + " cannot be removed: " + failure, failure);
    }
  }
}
