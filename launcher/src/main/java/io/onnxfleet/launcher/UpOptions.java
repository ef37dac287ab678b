package io.onnxfleet.launcher;

import io.onnxfleet.launcher.fleet.FleetSettings;
import io.onnxfleet.launcher.fleet.Numbers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What is wanted of a fleet; nothing where anything will do. */
record UpOptions(
    @Nullable Integer replicas,
    @Nullable Path models,
    @Nullable Integer port,
    boolean tls,
    boolean noRestart,
    boolean noJobs) {
  private static final String EXPECTED =
      "--replicas N, --models DIR, --port P, --tls, --no-restart, --no-jobs";

  static final UpOptions NONE = new UpOptions(null, null, null, false, false, false);

  /**
   * Reads them.
   *
   * @param directory where the caller stands
   * @throws IllegalArgumentException if one is unknown or wrong
   */
  static UpOptions of(List<String> arguments, Path directory) throws IOException {
    Integer replicas = null;
    Path models = null;
    Integer port = null;
    boolean tls = false;
    boolean noRestart = false;
    boolean noJobs = false;
    for (Iterator<String> left = arguments.iterator(); left.hasNext(); ) {
      String option = left.next();
      switch (option) {
        case "--tls" -> tls = true;
        case "--no-restart" -> noRestart = true;
        case "--no-jobs" -> noJobs = true;
        case "--replicas" -> replicas = Numbers.atLeast(option, value(option, left), 1);
        case "--port" -> port = Numbers.atLeast(option, value(option, left), 1);
        case "--models" -> models = folder(value(option, left), directory);
        default ->
            throw new IllegalArgumentException(
                "up: unknown option '%s' (expected: %s)".formatted(option, EXPECTED));
      }
    }
    return new UpOptions(replicas, models, port, tls, noRestart, noJobs);
  }

  private static String value(String option, Iterator<String> left) {
    if (!left.hasNext()) {
      throw new IllegalArgumentException(option + " needs a value");
    }
    return left.next();
  }

  private static Path folder(String name, Path directory) throws IOException {
    Path folder = directory.resolve(name);
    if (!Files.isDirectory(folder)) {
      throw new IllegalArgumentException("--models: '" + name + "' (expected: a folder)");
    }
    return folder.toRealPath();
  }

  /** Of a fleet that does not run yet. */
  FleetSettings over(FleetSettings defaults) {
    return new FleetSettings(
        port != null ? port : defaults.gatewayPort(),
        defaults.discoveryPort(),
        defaults.firstReplicaPort(),
        noJobs ? 0 : defaults.jobsPort(),
        replicas != null ? replicas : defaults.replicas(),
        models != null ? models : defaults.models(),
        tls,
        defaults.keys(),
        defaults.restarts() && !noRestart);
  }

  /**
   * Of one that runs.
   *
   * @throws IllegalArgumentException if it runs otherwise
   */
  void requireSame(FleetSettings running) {
    if (models != null && !models.equals(running.models())) {
      throw new IllegalArgumentException(
          "the fleet is up with models from %s; ./fleet down first to serve %s"
              .formatted(running.models(), models));
    }
    if (port != null && port != running.gatewayPort()) {
      throw new IllegalArgumentException(
          "the fleet is up on port %d; ./fleet down first to move it to %d"
              .formatted(running.gatewayPort(), port));
    }
    if (replicas != null && replicas != running.replicas()) {
      throw new IllegalArgumentException(
          "the fleet is up with %d replicas; ./fleet scale %d changes that"
              .formatted(running.replicas(), replicas));
    }
    if (noJobs && running.hasJobs()) {
      throw new IllegalArgumentException(
          "the fleet is up with a job service; ./fleet down first to start it without");
    }
    if (tls && !running.tls()) {
      throw new IllegalArgumentException(
          "the fleet is up without certificates; ./fleet down first to start it with them");
    }
  }
}
