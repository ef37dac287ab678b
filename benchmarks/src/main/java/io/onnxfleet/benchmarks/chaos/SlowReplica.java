package io.onnxfleet.benchmarks.chaos;

import io.onnxfleet.benchmarks.chaos.ChaosFleet.Running;
import io.onnxfleet.benchmarks.load.Window;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * One of four replicas is five times slower: a helper process stops it for 20 of every 25 ms. The
 * others' p99 alone, at the same rate, is what the fleet is judged by; HAProxy stands beside it.
 */
final class SlowReplica implements Scenario {

  private static final double MOST = 1.3;
  private static final Duration MEASURED = Duration.ofSeconds(10);

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
    double byHaproxyOfThree = p99(healthyOnly, rate);
    Running brake = startBrake(fleet, slow);
    double slowed = p99(gateway, rate);
    double slowedLeastconn = p99(leastconn, rate);
    double slowedRoundrobin = p99(roundrobin, rate);
    brake.kill();
    slow.signal("CONT");
    slow.terminate();
    fleet.awaitKnown(gateway, 3);
    double healthy = p99(gateway, rate);

    return List.of(
        Bar.atMost("p99 of four, one slow, over that of three", MOST, slowed / healthy, ""),
        Bar.shown("gateway", "%.1f ms of four, %.1f ms of three".formatted(slowed, healthy)),
        Bar.shown(
            "HAProxy leastconn",
            "%.1f ms of four, %.1f ms of three, ratio %.2f"
                .formatted(slowedLeastconn, byHaproxyOfThree, slowedLeastconn / byHaproxyOfThree)),
        Bar.shown(
            "HAProxy roundrobin",
            "%.1f ms of four, ratio %.2f"
                .formatted(slowedRoundrobin, slowedRoundrobin / byHaproxyOfThree)));
  }

  private static double p99(Running door, double rate) throws IOException, InterruptedException {
    try (Traffic traffic = Traffic.open(door.port(), rate)) {
      traffic.during(Duration.ofSeconds(3));
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
    int port = ChaosFleet.freePort();
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
