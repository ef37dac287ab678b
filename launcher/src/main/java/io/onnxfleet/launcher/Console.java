package io.onnxfleet.launcher;

import java.io.PrintStream;

/** Where a command tells what it does, and what went wrong. */
record Console(PrintStream out, PrintStream err) {
  void say(String line) {
    out.println(line);
  }

  void say() {
    out.println();
  }

  /** Beside what the command answers, or because it failed. */
  void complain(String line) {
    err.println("fleet: " + line);
  }
}
