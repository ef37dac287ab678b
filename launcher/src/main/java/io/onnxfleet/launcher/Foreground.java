package io.onnxfleet.launcher;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A program that is run to its end before the caller's eyes, and ends with this process. */
final class Foreground {
  private Foreground() {}

  /** Its exit code. */
  static int run(Path folder, List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).directory(folder.toFile()).inheritIO().start();
    Thread atExit = new Thread(process::destroy);
    Runtime.getRuntime().addShutdownHook(atExit);
    int code = process.waitFor();
    try {
      Runtime.getRuntime().removeShutdownHook(atExit);
    } catch (IllegalStateException ending) {
      // Both were told to end, and this process does already.
      return code;
    }
    return code;
  }
}
