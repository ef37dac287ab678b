package io.onnxfleet.benchmarks.bench;

import java.io.Console;
import java.io.PrintWriter;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One line on a terminal that is written over again and again; nothing where there is none. */
final class Progress implements Consumer<String> {
  private static final String CLEAR_LINE = "\r\u001b[K";

  private final @Nullable PrintWriter out;

  private Progress(@Nullable PrintWriter out) {
    this.out = out;
  }

  static Progress of(@Nullable Console console, PrintWriter out) {
    return new Progress(console != null && console.isTerminal() ? out : null);
  }

  @Override
  public void accept(String line) {
    if (out != null) {
      out.print(CLEAR_LINE + line);
      out.flush();
    }
  }

  void clear() {
    if (out != null) {
      out.print(CLEAR_LINE);
      out.flush();
    }
  }
}
