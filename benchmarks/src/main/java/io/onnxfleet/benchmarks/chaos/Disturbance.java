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
import java.util.List;

/** The scenarios in which something ends or comes back and no request may notice. */
enum Disturbance implements Scenario {
  /** One of three replicas is killed. */
  KILL("kill", 3, 1) {
    @Override
    void harm(ChaosFleet fleet, List<Running> fleetProcesses, Traffic traffic, Course course)
        throws InterruptedException {
      Thread.sleep(course.time().dividedBy(3));
      fleetProcesses.getLast().kill();
      Thread.sleep(course.time().multipliedBy(2).dividedBy(3));
    }
  },
  /** All replicas are restarted, one after the other. */
  ROLLING_RESTART("rolling-restart", 3, 0.6) {
    @Override
    void harm(ChaosFleet fleet, List<Running> fleetProcesses, Traffic traffic, Course course)
        throws IOException, InterruptedException {
      for (Running replica : fleetProcesses.subList(1, fleetProcesses.size())) {
        replica.terminate();
        replica.awaitEnd();
        Running next = fleet.startReplica(replica.name() + "-again");
        fleet.awaitReady(next);
        fleet.awaitKnown(fleetProcesses.getFirst(), fleetProcesses.size() - 1);
      }
    }
  },
  /** The registry is away for minutes. */
  REGISTRY_DOWN("registry-down", 2, 0.6) {
    @Override
    void harm(ChaosFleet fleet, List<Running> fleetProcesses, Traffic traffic, Course course)
        throws IOException, InterruptedException {
      fleet.registry().kill();
      Thread.sleep(course.settings().registryDown());
      fleet.startRegistryAgain();
      Thread.sleep(Duration.ofSeconds(15));
    }
  };

  /**
   * What a harm is told.
   *
   * @param time in which the load makes the requests that were asked for
   */
  record Course(ChaosSettings settings, Duration time) {}

  private final String name;
  private final int replicas;
  private final double share;

  /**
   * A disturbance.
   *
   * @param share of the usual load: processes that start need the CPUs too
   */
  Disturbance(String name, int replicas, double share) {
    this.name = name;
    this.replicas = replicas;
    this.share = share;
  }

  @Override
  public String scenario() {
    return name;
  }

  abstract void harm(ChaosFleet fleet, List<Running> fleetProcesses, Traffic traffic, Course course)
      throws IOException, InterruptedException;

  @Override
  public List<Bar> run(ChaosFleet fleet, ChaosSettings settings)
      throws IOException, InterruptedException {
    List<Running> processes = fleet.startAll(replicas);
    int port = processes.getFirst().port();
    double rate = share * settings.load() * Traffic.capacity(port, settings.warmUp());
    Duration time = Duration.ofMillis((long) (1000 * settings.requests() / rate));
    settings.say("%.0f requests a second".formatted(rate));
    try (Traffic traffic = Traffic.open(port, rate)) {
      traffic.during(Duration.ofSeconds(2));
      harm(fleet, processes, traffic, new Course(settings, time));
      Window window = traffic.window();
      if (window.failed() > 0) {
        settings.say("first failure: " + traffic.firstFailure());
      }
      return List.of(
          Bar.atMost(
              "failed of " + (window.succeeded() + window.failed()),
              0,
              (double) window.failed(),
              ""),
          Bar.shown("p99", "%.1f ms".formatted(window.millis(99))));
    }
  }
}
