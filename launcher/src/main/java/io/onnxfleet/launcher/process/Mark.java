package io.onnxfleet.launcher.process;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
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

  /** Of a process that executes another program: some tenths of a second, on a busy machine too. */
  private static final int MOST_READS = 20_000;

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
    Path process = PROCESSES.resolve(Long.toString(pid));
    byte[] commandLine = Files.readAllBytes(process.resolve("cmdline"));
    // In the moment of an exec there is none, or its beginning; after the end of a process none.
    for (int read = 1; !isWhole(commandLine) && read < MOST_READS && !hasEnded(process); read++) {
      commandLine = Files.readAllBytes(process.resolve("cmdline"));
    }
    return Arrays.asList(new String(commandLine, UTF_8).split("\0", -1)).contains(option);
  }

  private static boolean isWhole(byte... commandLine) {
    return commandLine.length > 0 && commandLine[commandLine.length - 1] == 0;
  }

  /** Whether nobody but its parent remembers it: the state stands behind the name in brackets. */
  private static boolean hasEnded(Path process) throws IOException {
    String stat = Files.readString(process.resolve("stat"), ISO_8859_1);
    return "ZX".indexOf(stat.charAt(stat.lastIndexOf(')') + 2)) >= 0;
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
