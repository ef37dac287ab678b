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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Three times what the fleet can do. */
final class Overload implements Scenario {

  private static final double TIMES = 3;
  private static final double GOODPUT = 0.9;
  private static final double GROWTH = 1.1;
  private static final Set<String> ALLOWED = Set.of("429", "503", "504");
  private static final Map<String, String> HEADERS = Map.of(HeaderNames.DEADLINE_MILLIS, "1000");

  @Override
  public String scenario() {
    return "overload";
  }

  @Override
  public List<Bar> run(ChaosFleet fleet, ChaosSettings settings)
      throws IOException, InterruptedException {
    List<Running> processes = fleet.startAll(2);
    Running gateway = processes.getFirst();
    double capacity = Traffic.capacity(gateway.port(), settings.warmUp());
    settings.say("%.0f requests a second at capacity".formatted(capacity));
    List<Window> windows = new ArrayList<>();
    List<Double> resident = new ArrayList<>();
    try (Traffic traffic =
        Traffic.open(gateway.port(), TIMES * capacity, HEADERS, Duration.ofSeconds(10))) {
      traffic.during(Duration.ofSeconds(5));
      for (long second = 0; second < settings.overload().toSeconds(); second++) {
        windows.add(traffic.during(Duration.ofSeconds(1)));
        resident.add(gateway.residentBytes() / 1e6);
      }
    }
    Window all = Window.join(windows);
    int half = Math.max(1, resident.size() / 2);
    double early = resident.subList(0, half).stream().mapToDouble(d -> d).max().orElse(0);
    double late =
        resident.subList(half, resident.size()).stream().mapToDouble(d -> d).max().orElse(0);
    Set<String> others = new TreeSet<>(all.failures().keySet());
    others.removeAll(ALLOWED);
    settings.say("failures: " + all.failures());
    return List.of(
        Bar.atLeast("answers a second", GOODPUT * capacity, all.perSecond(), ""),
        Bar.atMost("failures but 429, 503, 504 " + others, 0, others.size(), " kinds"),
        Bar.atMost("gateway's memory, late over early", GROWTH, late / early, ""),
        Bar.shown("gateway's memory", "%.0f MB early, %.0f MB late".formatted(early, late)),
        Bar.shown(
            "p50, p99 of the answered",
            "%.0f ms, %.0f ms".formatted(all.millis(50), all.millis(99))));
  }
}
