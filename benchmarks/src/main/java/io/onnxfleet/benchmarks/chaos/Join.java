package io.onnxfleet.benchmarks.chaos;

import io.onnxfleet.benchmarks.chaos.bar.Bar;
import io.onnxfleet.benchmarks.chaos.scenario.ChaosFleet;
import io.onnxfleet.benchmarks.chaos.scenario.ChaosSettings;
import io.onnxfleet.benchmarks.chaos.scenario.Scenario;
import io.onnxfleet.benchmarks.chaos.scenario.Traffic;
import io.onnxfleet.benchmarks.load.Window;
import io.onnxfleet.testing.process.Running;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A third replica joins while all clients keep the connections that they have. */
final class Join implements Scenario {

  private static final Duration GRACE = Duration.ofSeconds(3);
  private static final Duration MEASURED = Duration.ofSeconds(5);
  private static final double OF_FAIR_SHARE = 0.8;

  @Override
  public String scenario() {
    return "join";
  }

  @Override
  public List<Bar> run(ChaosFleet fleet, ChaosSettings settings)
      throws IOException, InterruptedException {
    List<Running> processes = new ArrayList<>(fleet.startAll(2));
    int port = processes.getFirst().port();
    double rate = 0.6 * settings.load() * Traffic.capacity(port, settings.warmUp());
    settings.say("%.0f requests a second".formatted(rate));
    try (Traffic traffic = Traffic.open(port, rate)) {
      Running joined = fleet.startReplica("replica-3");
      processes.add(joined);
      fleet.awaitReady(joined);
      Thread.sleep(GRACE);
      long[] before = executed(fleet, processes);
      Thread.sleep(MEASURED);
      long[] after = executed(fleet, processes);
      long all = 0;
      for (int i = 0; i < before.length; i++) {
        all += after[i] - before[i];
      }
      double share = all == 0 ? 0 : (double) (after[2] - before[2]) / all;
      Window window = traffic.window();
      return List.of(
          Bar.atLeast(
              "share of a third replica from 3 s after it was ready", OF_FAIR_SHARE / 3, share, ""),
          Bar.atMost("failed", 0, (double) window.failed(), ""));
    }
  }

  private static long[] executed(ChaosFleet fleet, List<Running> processes)
      throws InterruptedException {
    long[] counts = new long[processes.size() - 1];
    for (int i = 0; i < counts.length; i++) {
      counts[i] = fleet.executed(processes.get(i + 1), ChaosFleet.MODEL);
    }
    return counts;
  }
}
