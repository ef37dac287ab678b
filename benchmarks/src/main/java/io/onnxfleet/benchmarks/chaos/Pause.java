package io.onnxfleet.benchmarks.chaos;

import io.onnxfleet.benchmarks.chaos.bar.Bar;
import io.onnxfleet.benchmarks.chaos.scenario.ChaosFleet;
import io.onnxfleet.benchmarks.chaos.scenario.ChaosSettings;
import io.onnxfleet.benchmarks.chaos.scenario.Scenario;
import io.onnxfleet.benchmarks.chaos.scenario.Traffic;
import io.onnxfleet.benchmarks.load.Window;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.testing.process.Running;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** One of three replicas stands still for ten seconds, its connections open. */
final class Pause implements Scenario {

  private static final Duration STANDSTILL = Duration.ofSeconds(10);
  private static final long DEADLINE_MILLIS = 2000;
  private static final long GRACE_MILLIS = 50;
  private static final double MOST_FAILED = 0.001;

  @Override
  public String scenario() {
    return "pause";
  }

  @Override
  public List<Bar> run(ChaosFleet fleet, ChaosSettings settings)
      throws IOException, InterruptedException {
    List<Running> processes = fleet.startAll(3);
    int port = processes.getFirst().port();
    double rate = 0.7 * settings.load() * Traffic.capacity(port, settings.warmUp());
    settings.say("%.0f requests a second".formatted(rate));
    Map<String, String> headers =
        Map.of(HeaderNames.DEADLINE_MILLIS, Long.toString(DEADLINE_MILLIS));
    Duration longest = Duration.ofMillis(DEADLINE_MILLIS + GRACE_MILLIS);
    try (Traffic traffic = Traffic.open(port, rate, headers, longest)) {
      traffic.during(Duration.ofSeconds(2));
      Running paused = processes.getLast();
      paused.signal("STOP");
      Thread.sleep(STANDSTILL);
      paused.signal("CONT");
      Thread.sleep(Duration.ofSeconds(5));
      Window window = traffic.window();
      long late = window.failures().getOrDefault("no answer in time", 0L);
      settings.say("failures: " + window.failures() + ", first: " + traffic.firstFailure());
      return List.of(
          Bar.atMost("not answered within the deadline and 50 ms", 0, (double) late, ""),
          Bar.atMost(
              "slowest answer",
              (double) longest.toMillis(),
              window.latencies().getMaxValue() / 1e6,
              " ms"),
          Bar.atMost("failed share", MOST_FAILED, window.failedShare(), ""));
    }
  }
}
