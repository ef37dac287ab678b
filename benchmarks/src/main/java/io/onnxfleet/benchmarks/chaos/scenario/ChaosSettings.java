package io.onnxfleet.benchmarks.chaos.scenario;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What all scenarios share.
 *
 * @param load of the fleet, as a share of what it can do
 * @param warmUp before anything is measured
 * @param registryDown how long the registry is away
 * @param overload how long there is too much load
 * @param requests of the scenario that kills a replica
 * @param slowClients how many
 * @param hostileModels a folder of model files that had better be refused, or null
 * @param damagedModels how many damaged ones are made besides
 * @param seed of the damage, and of the moments at which processes of jobs are killed
 * @param jobs of the scenarios with a job service
 */
public record ChaosSettings(
    double load,
    Duration warmUp,
    Duration registryDown,
    Duration overload,
    int requests,
    int slowClients,
    @Nullable Path hostileModels,
    int damagedModels,
    long seed,
    JobSettings jobs,
    PrintWriter out) {

  /** Tells who runs the scenario. */
  public void say(String text) {
    out.println("  " + text);
    out.flush();
  }
}
