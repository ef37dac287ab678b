package io.onnxfleet.launcher;

import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.launcher.fleet.Fleet;
import io.onnxfleet.launcher.fleet.FleetHealth;
import io.onnxfleet.launcher.fleet.FleetSettings;
import io.onnxfleet.launcher.fleet.Service;
import io.onnxfleet.launcher.process.Time;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/** Starts what does not run, and waits until the gateway serves. */
final class UpCommand {
  private final Fleet fleet;
  private final Certificates certificates;
  private final Caches caches;
  private final Console console;
  private final Time time;

  UpCommand(Fleet fleet, Certificates certificates, Caches caches, Console console, Time time) {
    this.fleet = fleet;
    this.certificates = certificates;
    this.caches = caches;
    this.console = console;
    this.time = time;
  }

  /**
   * Refuses what cannot be had, before anything is built for it.
   *
   * @return what the fleet will be
   */
  FleetSettings check(UpOptions options) throws IOException {
    Optional<FleetSettings> running = fleet.isUp() ? fleet.settings() : Optional.empty();
    if (running.isPresent()) {
      options.requireSame(running.get());
      return options.noRestart() ? running.get().withRestarts(false) : running.get();
    }
    FleetSettings settings =
        options.over(FleetSettings.ofDefaults(fleet.folder(), fleet.environment()));
    settings.requirePorts();
    Fleet.requireFree(Service.REGISTRY, settings.discoveryPort());
    Fleet.requireFree(Service.GATEWAY, settings.gatewayPort());
    if (settings.hasJobs()) {
      Fleet.requireFree(Service.JOBS, settings.jobsPort());
    }
    for (int port : settings.replicaPorts(settings.replicas())) {
      Fleet.requireFree(Service.replica(port), port);
    }
    return settings;
  }

  int run(UpOptions options) throws IOException, InterruptedException {
    return Change.make(fleet, console, time, change -> run(options, true, change));
  }

  /** Records nothing first: a first look need not pay for later starts. */
  int runAtOnce() throws IOException, InterruptedException {
    return Change.make(fleet, console, time, change -> run(UpOptions.NONE, false, change));
  }

  private int run(UpOptions options, boolean records, Change change)
      throws IOException, InterruptedException {
    FleetSettings settings = check(options);
    if (!fleet.isUp()) {
      fleet.endSupervision();
      fleet.forget();
      if (records) {
        caches.makeIfNeeded();
      }
    }
    if (settings.tls()) {
      certificates.makeIfNeeded();
    }
    fleet.remember(settings);
    long from = time.nanos();
    Starting starting = new Starting(fleet, settings, change, console, time);
    starting.startAll();
    console.say(
        change.startedAny()
            ? "the fleet serves after %d s"
                .formatted(Duration.ofNanos(time.nanos() - from).toSeconds())
            : "the fleet is already up");
    starting.awaitJobs();
    change.keep();
    if (settings.restarts()) {
      fleet.supervise();
    } else {
      fleet.endSupervision();
    }
    console.say();
    FleetHealth health = new FleetHealth(fleet, settings);
    new StatusTable(fleet, health).print(console);
    console.say();
    sayFirstCall(health);
    return 0;
  }

  private void sayFirstCall(FleetHealth health) throws IOException, InterruptedException {
    if (health.asksForKeys()) {
      console.say(
          "callers need one of the keys in %s: -H 'Authorization: Bearer KEY'"
              .formatted(fleet.environment().keys()));
    } else if (fleet.environment().hasKeys()) {
      console.say(Programs.NO_KEYS_YET);
    }
    if (health.servesDefaults()) {
      console.say(
          "curl -s %s -H 'Content-Type: application/json' -d '{\"model\": \"%s\", \"input\": \"Hello, fleet\"}'"
              .formatted(health.gateway(ApiPaths.EMBEDDINGS), FleetHealth.DEFAULT_MODEL));
    } else {
      console.say("curl -s " + health.model(health.firstModel()));
    }
  }
}
