package io.onnxfleet.optimizer.command.result;

import io.onnxfleet.optimizer.compare.Comparison;
import java.io.Console;
import java.io.PrintWriter;

/** Says on one line of a terminal how far a measurement is; says nothing where none looks. */
public final class ProgressLine implements Comparison.Progress {
  private static final int WIDTH = 30;

  private final PrintWriter err;
  private final boolean terminal;

  private int shown = -1;
  private String shownPart = "";

  public ProgressLine(PrintWriter err) {
    this.err = err;
    this.terminal = isTerminal();
  }

  @SuppressWarnings("SystemConsoleNull") // it still is null where the JDK was told so
  private static boolean isTerminal() {
    Console console = System.console();
    return console != null && console.isTerminal();
  }

  @Override
  public void at(String part, int done, int of) {
    int filled = of == 0 ? WIDTH : (int) ((long) WIDTH * done / of);
    if (!terminal || (filled == shown && part.equals(shownPart))) {
      return;
    }
    shown = filled;
    shownPart = part;
    err.printf("\r%s%s %-40.40s", "#".repeat(filled), ".".repeat(WIDTH - filled), part);
    err.flush();
  }

  public void clear() {
    if (terminal && shown >= 0) {
      err.print("\r" + " ".repeat(WIDTH + 42) + "\r");
      err.flush();
    }
  }
}
