package io.onnxfleet.engine.crash;

import java.util.Map;

/** What the exit codes of processes that were ended by a signal say. */
public final class ExitCodes {
  /** How shells, and Java, add a signal's number. */
  private static final int BY_SIGNAL = 128;

  private static final Map<Integer, String> SIGNALS =
      Map.of(
          4, "SIGILL (an instruction that this processor does not have)",
          6, "SIGABRT (native code gave up)",
          7, "SIGBUS (a mapped file is shorter than it was)",
          8, "SIGFPE (a division by zero)",
          9, "SIGKILL (out of memory, or killed by hand)",
          11, "SIGSEGV (memory that is not its own)",
          15, "SIGTERM (told to stop)");

  private ExitCodes() {}

  /** Such as {@code exit code 137, SIGKILL (out of memory, or killed by hand)}. */
  public static String describe(int exitCode) {
    int signal = exitCode - BY_SIGNAL;
    if (signal <= 0) {
      return "exit code " + exitCode;
    }
    return "exit code %d, %s".formatted(exitCode, SIGNALS.getOrDefault(signal, "signal " + signal));
  }
}
