package io.onnxfleet.launcher.process;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What starts a process, as often as needed.
 *
 * @param folder in which it runs
 * @param environment variables beside those that this process has
 * @param output what it prints is appended to this file
 * @param detached whether it goes on when the terminal is closed or interrupted
 */
public record Launch(
    Path folder,
    List<String> command,
    Map<String, String> environment,
    Path output,
    boolean detached) {
  private static final File NOTHING = new File("/dev/null");

  /** Ignored signals stay ignored in what is executed, and a JVM leaves them so. */
  private static final List<String> DETACHED =
      List.of("/bin/sh", "-c", "trap '' INT HUP; exec \"$@\"", "sh");

  public Launch {
    command = List.copyOf(command);
    environment = Map.copyOf(environment);
  }

  public Process start() throws IOException {
    List<String> all = new ArrayList<>();
    if (detached) {
      all.addAll(DETACHED);
    }
    all.addAll(command);
    ProcessBuilder builder =
        new ProcessBuilder(all)
            .directory(folder.toFile())
            .redirectInput(NOTHING)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()));
    builder.environment().putAll(environment);
    return builder.start();
  }
}
