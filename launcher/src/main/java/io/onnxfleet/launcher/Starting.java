package io.onnxfleet.launcher;

import io.onnxfleet.launcher.fleet.Fleet;
import io.onnxfleet.launcher.fleet.FleetHealth;
import io.onnxfleet.launcher.fleet.FleetSettings;
import io.onnxfleet.launcher.fleet.Service;
import io.onnxfleet.launcher.process.Await;
import io.onnxfleet.launcher.process.Time;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Starts what does not run of a fleet, and waits until it serves, and until jobs are taken. */
final class Starting {
  private static final Duration POLL = Duration.ofMillis(100);

  private final Fleet fleet;
  private final FleetSettings settings;
  private final FleetHealth health;
  private final Change change;
  private final Console console;
  private final Time time;

  Starting(Fleet fleet, FleetSettings settings, Change change, Console console, Time time)
      throws IOException {
    this.fleet = fleet;
    this.settings = settings;
    this.health = new FleetHealth(fleet, settings);
    this.change = change;
    this.console = console;
    this.time = time;
  }

  void startAll() throws IOException, InterruptedException {
    if (!fleet.isAlive(Service.REGISTRY)) {
      change.start(Service.REGISTRY, settings.discoveryPort(), settings);
      await(Service.REGISTRY + " is ready", () -> health.isReady(Service.REGISTRY));
      console.say(Service.REGISTRY + " is ready");
    }
    if (!fleet.isAlive(Service.GATEWAY)) {
      change.start(Service.GATEWAY, settings.gatewayPort(), settings);
    }
    startReplicas();
    // Last: what serves comes first where CPUs are few.
    if (settings.hasJobs() && !fleet.isAlive(Service.JOBS)) {
      change.start(Service.JOBS, settings.jobsPort(), settings);
    }
    if (change.startedAny()) {
      console.say("waiting for the gateway and %d replicas".formatted(settings.replicas()));
    }
    awaitReplicas();
  }

  /** Which the gateway serves without. */
  void awaitJobs() throws IOException, InterruptedException {
    if (settings.hasJobs()) {
      await("the gateway reaches the job service", health::servesJobs, fleet.services());
    }
  }

  /** Those that do not run. */
  void startReplicas() throws IOException {
    for (int port : settings.replicaPorts(settings.replicas())) {
      Service replica = Service.replica(port);
      if (!fleet.isAlive(replica)) {
        change.start(replica, port, settings);
      }
    }
  }

  void awaitReplicas() throws IOException, InterruptedException {
    for (Service replica : fleet.replicas()) {
      await(replica + " is ready", () -> health.isReady(replica));
    }
    await(
        "the gateway knows %d replicas".formatted(settings.replicas()),
        () -> health.knownReplicas() == settings.replicas());
    await("the gateway serves", health::serves);
  }

  /** Until it is so, unless a process dies that the fleet does not serve without. */
  private void await(String what, Await.Condition condition)
      throws IOException, InterruptedException {
    List<Service> needed = new ArrayList<>(fleet.services());
    needed.remove(Service.JOBS);
    await(what, condition, needed);
  }

  /** Until it is so, unless a process dies that is needed, or time is up. */
  private void await(String what, Await.Condition condition, List<Service> needed)
      throws IOException, InterruptedException {
    Await.Condition whileAllLive =
        () -> {
          if (condition.holds()) {
            return true;
          }
          for (Service service : needed) {
            requireAlive(fleet, service);
          }
          return false;
        };
    new Await(time, fleet.environment().startTimeout(), POLL, "see ./fleet logs")
        .until(what, whileAllLive);
  }

  static void requireAlive(Fleet fleet, Service service) throws IOException {
    if (!fleet.isAlive(service)) {
      throw new IOException(fleet.death(service));
    }
  }
}
