package io.onnxfleet.optimizer.repository;

import io.onnxfleet.optimizer.OptimizerException;
import java.io.IOException;
import java.nio.file.Path;

/** What is done to folders as a whole. */
public final class Folders {
  private Folders() {}

  /** Removes a folder and all that is in it; does nothing if there is none. */
  public static void remove(Path folder) {
    try {
      io.onnxfleet.engine.file.Folders.delete(folder);
    } catch (IOException failure) {
      throw new OptimizerException(folder + " cannot be removed: " + failure, failure);
    }
  }
}
