package io.onnxfleet.launcher;

import io.onnxfleet.launcher.fleet.Fleet;
import io.onnxfleet.launcher.fleet.FleetHealth;
import io.onnxfleet.launcher.fleet.Service;
import java.io.IOException;

/** A row for each service that was started: what runs, where, and in which state. */
final class StatusTable {
  private static final String ROW = "%-20s %8s %6s  %s";

  private final Fleet fleet;
  private final FleetHealth health;

  StatusTable(Fleet fleet, FleetHealth health) {
    this.fleet = fleet;
    this.health = health;
  }

  /** Whether all are ready. */
  boolean print(Console console) throws IOException, InterruptedException {
    boolean allReady = true;
    console.say(ROW.formatted("SERVICE", "PID", "PORT", "STATE"));
    for (Service service : fleet.services()) {
      String state = "not ready";
      if (!fleet.isAlive(service)) {
        state = "dead";
      } else if (health.isReady(service)) {
        state = "ready";
      }
      allReady &= state.equals("ready");
      console.say(
          ROW.formatted(
              service, fleet.pid(service).orElse(0), fleet.port(service).orElse(0), state));
    }
    return allReady;
  }
}
