package io.onnxfleet.launcher.jobs;

import io.onnxfleet.launcher.process.Time;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;

/**
 * Shows a batch until it has ended. On a terminal one line changes; elsewhere a line comes where
 * the status does, and for each further tenth. A gateway that does not answer for a while ends
 * nothing: the batch goes on without who watches it. For one thread, once.
 */
final class Watching {
  private static final Duration PAUSE = Duration.ofSeconds(1);
  private static final Duration LONGEST_SILENCE = Duration.ofMinutes(5);
  private static final int STEP = 10;
  private static final String TO_THE_START = "\r\033[K";

  private final GatewayCalls gateway;
  private final PrintStream out;
  private final PrintStream err;
  private final Time time;
  private final boolean isTerminal;
  private final ProgressLine progress = new ProgressLine();
  private String shown = "";

  Watching(GatewayCalls gateway, PrintStream out, PrintStream err, Time time, boolean isTerminal) {
    this.gateway = gateway;
    this.out = out;
    this.err = err;
    this.time = time;
    this.isTerminal = isTerminal;
  }

  /** The batch, ended. */
  BatchView untilEnd(String id) throws IOException, InterruptedException {
    long heard = time.nanos();
    boolean isSilent = false;
    while (true) {
      try {
        BatchView batch = gateway.batch(id);
        show(batch);
        if (batch.isEnded()) {
          return batch;
        }
        heard = time.nanos();
        isSilent = false;
      } catch (GatewayCalls.ForNowException silent) {
        if (time.nanos() - heard > LONGEST_SILENCE.toNanos()) {
          throw silent;
        }
        if (!isSilent) {
          err.println("still trying: " + silent.getMessage());
        }
        isSilent = true;
      }
      time.sleep(PAUSE);
    }
  }

  private void show(BatchView batch) {
    String line = progress.of(batch, time.nanos());
    if (isTerminal) {
      out.print(TO_THE_START + line + (batch.isEnded() ? System.lineSeparator() : ""));
      out.flush();
      return;
    }
    String step = batch.status() + ProgressLine.percent(batch) / STEP;
    if (!step.equals(shown)) {
      out.println(line);
      shown = step;
    }
  }
}
