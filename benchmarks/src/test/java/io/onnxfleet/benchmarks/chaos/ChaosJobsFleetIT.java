package io.onnxfleet.benchmarks.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** {@code ./fleet chaos jobs}, small: real processes are killed while a batch is under way. */
class ChaosJobsFleetIT {
  private static final Path ROOT = Path.of(System.getProperty("fleet.root", ".."));

  @Test
  void eachLine_isAnsweredOnce_whateverIsKilled() {
    long seed = Long.getLong("test.seed", System.nanoTime());
    StringWriter printed = new StringWriter();
    int code =
        new CommandLine(new ChaosCommand())
            .setOut(new PrintWriter(printed, true))
            .execute(
                "jobs-killed-h2",
                "--root=" + ROOT,
                "--logs=" + Path.of("target/fleet/chaos"),
                "--job-lines=4000",
                "--job-kills=1",
                "--seed=" + seed);
    System.out.println("test.seed=" + seed + "\n" + printed);
    assertThat(code).as("%s", printed).isZero();
    assertThat(printed.toString()).contains("lines twice", "met").doesNotContain("MISSED");
  }
}
