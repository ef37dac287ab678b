package io.onnxfleet.benchmarks.chaos;

import io.onnxfleet.benchmarks.chaos.bar.Bar;
import io.onnxfleet.benchmarks.chaos.scenario.ChaosFleet;
import io.onnxfleet.benchmarks.chaos.scenario.ChaosSettings;
import io.onnxfleet.benchmarks.chaos.scenario.Scenario;
import io.onnxfleet.benchmarks.chaos.scenario.Traffic;
import io.onnxfleet.benchmarks.load.Window;
import io.onnxfleet.testing.process.FleetProcesses;
import io.onnxfleet.testing.process.Running;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One of four replicas is five times slower: a helper process stops it for 20 of every 25 ms. The
 * others' p99 alone, at the same rate, is what the fleet is judged by; the gateway's other policies
 * and HAProxy stand beside it.
 */
final class SlowReplica implements Scenario {

  private static final double MOST = 1.3;
  private static final Duration MEASURED = Duration.ofSeconds(10);
  private static final Duration SETTLING = Duration.ofSeconds(3);

  /** For a gateway that has just started. */
  private static final Duration WARM_UP = Duration.ofSeconds(15);

  private static final List<String> OTHER_POLICIES =
      List.of("least-in-flight", "p2c", "round-robin");

  @Override
  public String scenario() {
    return "slow-replica";
  }

  @Override
  public List<Bar> run(ChaosFleet fleet, ChaosSettings settings)
      throws IOException, InterruptedException {
    List<Running> processes = fleet.startAll(4);
    Running gateway = processes.getFirst();
    List<Running> replicas = processes.subList(1, 5);
    Running slow = replicas.getLast();
    double rate = 0.4 * settings.load() * Traffic.capacity(gateway.port(), settings.warmUp());
    settings.say("%.0f requests a second".formatted(rate));

    Running healthyOnly = startHaproxy(fleet, "haproxy-three", "leastconn", replicas.subList(0, 3));
    Running leastconn = startHaproxy(fleet, "haproxy-leastconn", "leastconn", replicas);
    Running roundrobin = startHaproxy(fleet, "haproxy-roundrobin", "roundrobin", replicas);

    // Of the same replicas on the same path: the gateway has known four, so three are told by kill.
    double byHaproxyOfThree = p99(healthyOnly, rate, SETTLING);
    Running brake = startBrake(fleet, slow);
    double slowedLeastconn = p99(leastconn, rate, SETTLING);
    double slowedRoundrobin = p99(roundrobin, rate, SETTLING);
    Map<String, Double> byPolicy = new LinkedHashMap<>();
    for (String policy : OTHER_POLICIES) {
      Running other = fleet.startGateway("--fleet.gateway.balancing.policy=" + policy);
      fleet.awaitKnown(other, 4);
      byPolicy.put(policy, p99(other, rate, WARM_UP));
      other.terminate();
      other.awaitEnd();
    }
    // Last, so that what it is compared with follows at once.
    double slowed = p99(gateway, rate, WARM_UP);
    brake.kill();
    slow.signal("CONT");
    slow.terminate();
    slow.awaitEnd();
    fleet.awaitKnown(gateway, 3);
    double healthy = p99(gateway, rate, SETTLING);

    List<Bar> bars = new ArrayList<>();
    bars.add(Bar.atMost("p99 of four, one slow, over that of three", MOST, slowed / healthy, ""));
    bars.add(Bar.shown("gateway", "%.1f ms of four, %.1f ms of three".formatted(slowed, healthy)));
    byPolicy.forEach(
        (policy, p99) ->
            bars.add(
                Bar.shown(
                    "gateway by " + policy,
                    "%.1f ms of four, ratio %.2f".formatted(p99, p99 / healthy))));
    bars.add(
        Bar.shown(
            "HAProxy leastconn",
            "%.1f ms of four, %.1f ms of three, ratio %.2f"
                .formatted(slowedLeastconn, byHaproxyOfThree, slowedLeastconn / byHaproxyOfThree)));
    bars.add(
        Bar.shown(
            "HAProxy roundrobin",
            "%.1f ms of four, ratio %.2f"
                .formatted(slowedRoundrobin, slowedRoundrobin / byHaproxyOfThree)));
    return bars;
  }

  private static double p99(Running door, double rate, Duration before)
      throws IOException, InterruptedException {
    try (Traffic traffic = Traffic.open(door.port(), rate)) {
      traffic.during(before);
      Window window = traffic.during(MEASURED);
      return window.millis(99);
    }
  }

  /** Bash reads from a pipe that nobody writes to: a sleep without a process of its own. */
  private static Running startBrake(ChaosFleet fleet, Running replica) throws IOException {
    String loop =
        """
        exec 9<> <(:)
        while kill -STOP %1$d; do read -r -t 0.020 -u 9; kill -CONT %1$d; read -r -t 0.005 -u 9; done
        """
            .formatted(replica.process().pid());
    return fleet.startOther("brake", 0, List.of("bash", "-c", loop));
  }

  private static Running startHaproxy(
      ChaosFleet fleet, String name, String balance, List<Running> replicas)
      throws IOException, InterruptedException {
    int port = FleetProcesses.freePort();
    List<String> lines = new ArrayList<>();
    lines.add("global\n  maxconn 4000");
    lines.add(
        "defaults\n  mode http\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s");
    lines.add("  http-reuse always");
    lines.add("listen door\n  bind 127.0.0.1:" + port + "\n  balance " + balance);
    for (Running replica : replicas) {
      lines.add("  server " + replica.name() + " 127.0.0.1:" + replica.port());
    }
    Path file = Files.write(fleet.logs().resolve(name + ".cfg"), lines);
    Running haproxy = fleet.startOther(name, port, List.of("haproxy", "-f", file.toString()));
    fleet.awaitReady(haproxy);
    return haproxy;
  }
}
