package io.onnxfleet.launcher.process;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * An option of a JVM that does nothing but tell on its command line whose it is. A process id alone
 * tells nothing: ids are used again.
 *
 * @param option as it stands on the command line
 */
public record Mark(String option) {
  private static final Path PROCESSES = Path.of("/proc");

  /** Of the process that a file names. */
  public static Mark of(Path file) {
    return new Mark("-Donnxfleet.process=" + file);
  }

  /** Whether that process runs and bears this mark. */
  public boolean isBorneBy(long pid) {
    if (ProcessHandle.of(pid).isEmpty()) {
      return false;
    }
    try {
      return Files.isDirectory(PROCESSES.resolve("self")) ? isInProc(pid) : isListed(pid);
    } catch (IOException gone) {
      return false;
    }
  }

  private boolean isInProc(long pid) throws IOException {
    byte[] commandLine =
        Files.readAllBytes(PROCESSES.resolve(Long.toString(pid)).resolve("cmdline"));
    return Arrays.asList(new String(commandLine, UTF_8).split("\0", -1)).contains(option);
  }

  /** Where there is no /proc, as on macOS. */
  private boolean isListed(long pid) throws IOException {
    Process ps =
        new ProcessBuilder("ps", "-ww", "-o", "command=", "-p", Long.toString(pid))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String commandLine = new String(ps.getInputStream().readAllBytes(), UTF_8).strip();
    return (commandLine + " ").contains(option + " ");
  }
}
