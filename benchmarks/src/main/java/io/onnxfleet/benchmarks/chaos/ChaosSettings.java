package io.onnxfleet.benchmarks.chaos;

import java.io.PrintWriter;
import java.time.Duration;

/**
 * What all scenarios share.
 *
 * @param load of the fleet, as a share of what it can do
 * @param warmUp before anything is measured
 * @param registryDown how long the registry is away
 * @param overload how long there is too much load
 * @param requests of the scenario that kills a replica
 * @param slowClients how many
 */
record ChaosSettings(
    double load,
    Duration warmUp,
    Duration registryDown,
    Duration overload,
    int requests,
    int slowClients,
    PrintWriter out) {

  void say(String text) {
    out.println("  " + text);
    out.flush();
  }
}
