package io.onnxfleet.benchmarks.command;

import java.nio.file.Path;

/** Where the caller stands: this process may have been started in another folder. */
public final class CallersFolder {
  private CallersFolder() {}

  /** The file as the caller names it. */
  public static Path resolve(Path file) {
    return Path.of(System.getProperty("onnxfleet.directory", "")).resolve(file);
  }
}
