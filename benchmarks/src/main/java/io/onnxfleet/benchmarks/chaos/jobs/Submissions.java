package io.onnxfleet.benchmarks.chaos.jobs;

import io.onnxfleet.benchmarks.chaos.bar.Bar;
import io.onnxfleet.benchmarks.chaos.scenario.ChaosFleet;
import io.onnxfleet.benchmarks.chaos.scenario.ChaosSettings;
import io.onnxfleet.benchmarks.chaos.scenario.Scenario;
import io.onnxfleet.benchmarks.chaos.scenario.Traffic;
import io.onnxfleet.benchmarks.load.Window;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * How long a caller waits for a 202, over what PostgreSQL itself takes to commit one row of that
 * size at the same rate.
 */
final class Submissions implements Scenario {
  private static final double MOST = 3;
  private static final int RATE = 200;
  private static final int SECONDS = 20;
  private static final Pattern COLUMNS = Pattern.compile(" ");
  private static final int LATENCY_COLUMN = 2;
  private static final DoubledLines LINES = new DoubledLines(1);
  private static final String INSERT =
      "INSERT INTO committed VALUES (:client_id, repeat('x', 500), now());\n";

  @Override
  public String scenario() {
    return "jobs-submissions";
  }

  @Override
  public List<Bar> run(ChaosFleet fleet, ChaosSettings settings)
      throws IOException, InterruptedException {
    JobFleet jobs = new JobFleet(fleet, JobFleet.DOUBLED, settings.jobs().postgresql());
    Path folder = Files.createTempDirectory(fleet.logs().toAbsolutePath(), "pgbench");
    Path script = Files.writeString(folder.resolve("insert.sql"), INSERT);
    jobs.postgresql()
        .run(
            folder, "psql", "-c", "CREATE TABLE committed (client int, body text, at timestamptz)");
    double commit = commit(jobs, folder, script);
    Traffic.Call call =
        new Traffic.Call(LINES.url(), LINES.body(1).getBytes(StandardCharsets.US_ASCII));
    Window window;
    try (Traffic traffic =
        Traffic.open(
            jobs.gateway().port(),
            call,
            RATE,
            SingleCalls.ASYNCHRONOUSLY,
            Duration.ofSeconds(60))) {
      traffic.during(settings.warmUp());
      window = traffic.during(Duration.ofSeconds(SECONDS));
    }
    double after = commit(jobs, folder, script);
    double slower = Math.max(commit, after);
    return List.of(
        Bar.atMost("p99 until a 202 over that of a commit", MOST, window.millis(99) / slower, ""),
        Bar.atMost("refused", 0, (double) window.failed(), ""),
        Bar.shown(
            "p99 until a 202, of a commit before and after",
            "%.1f, %.1f, %.1f ms at %.0f a second"
                .formatted(window.millis(99), commit, after, window.perSecond())));
  }

  /** In milliseconds, by pgbench's log of all its transactions. */
  private static double commit(JobFleet jobs, Path folder, Path script)
      throws IOException, InterruptedException {
    Path logs = Files.createTempDirectory(folder, "log");
    jobs.postgresql()
        .run(
            folder,
            "pgbench",
            "--no-vacuum",
            "--client=8",
            "--jobs=1",
            "--rate=" + RATE,
            "--time=" + SECONDS,
            "--log",
            "--log-prefix=" + logs.resolve("log"),
            "--file=" + script);
    List<Long> micros = new ArrayList<>();
    try (Stream<Path> files = Files.list(logs)) {
      for (Path file : files.toList()) {
        for (String line : Files.readAllLines(file)) {
          micros.add(Long.parseLong(COLUMNS.splitAsStream(line).toList().get(LATENCY_COLUMN)));
        }
      }
    }
    micros.sort(null);
    return micros.get((int) (0.99 * micros.size())) / 1e3;
  }
}
