package io.onnxfleet.launcher.fleet;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a fleet was started with, remembered while it runs.
 *
 * @param jobsPort of the job service; 0 where there is none
 * @param replicas how many there should be
 * @param tls whether registry and replicas speak TLS, and only to who has a certificate
 * @param keys whether the gateway asks its callers for keys
 * @param restarts whether what dies is started again
 */
public record FleetSettings(
    int gatewayPort,
    int discoveryPort,
    int firstReplicaPort,
    int jobsPort,
    int replicas,
    Path models,
    boolean tls,
    boolean keys,
    boolean restarts) {
  private static final int GATEWAY_PORT = 8080;
  private static final int REPLICAS = 2;
  private static final int LAST_PORT = 65_535;
  private static final String JOBS_PORT = "jobs_port";
  private static final String KEYS = "keys";
  private static final String YES = "yes";
  private static final String NO = "no";

  /** Of a fleet of which nothing else is wanted. */
  public static FleetSettings ofDefaults(FleetFolder folder, FleetEnvironment environment) {
    return new FleetSettings(
        GATEWAY_PORT,
        environment.discoveryPort(),
        environment.firstReplicaPort(),
        environment.jobsPort(),
        REPLICAS,
        folder.models(),
        false,
        environment.hasKeys(),
        environment.restarts());
  }

  public FleetSettings withReplicas(int count) {
    return new FleetSettings(
        gatewayPort, discoveryPort, firstReplicaPort, jobsPort, count, models, tls, keys, restarts);
  }

  public FleetSettings withRestarts(boolean wanted) {
    return new FleetSettings(
        gatewayPort,
        discoveryPort,
        firstReplicaPort,
        jobsPort,
        replicas,
        models,
        tls,
        keys,
        wanted);
  }

  public boolean hasJobs() {
    return jobsPort != 0;
  }

  /** What the running fleet was started with; nothing if none runs. */
  static Optional<FleetSettings> read(FleetFolder folder, FleetEnvironment environment)
      throws IOException {
    if (!Files.isRegularFile(folder.settings())) {
      return Optional.empty();
    }
    Map<String, String> values = new HashMap<>();
    for (String line : Files.readAllLines(folder.settings())) {
      int at = line.indexOf('=');
      if (at > 0) {
        values.put(line.substring(0, at), line.substring(at + 1));
      }
    }
    FleetSettings defaults = ofDefaults(folder, environment);
    return Optional.of(
        new FleetSettings(
            number(values, "gateway_port", defaults.gatewayPort()),
            number(values, "discovery_port", defaults.discoveryPort()),
            number(values, "first_replica_port", defaults.firstReplicaPort()),
            number(values, JOBS_PORT, 0, defaults.jobsPort()),
            number(values, "replicas", defaults.replicas()),
            Path.of(values.getOrDefault("models", defaults.models().toString())),
            YES.equals(values.get("tls")),
            values.containsKey(KEYS) ? YES.equals(values.get(KEYS)) : defaults.keys(),
            !NO.equals(values.get("restart"))));
  }

  private static int number(Map<String, String> values, String key, int otherwise) {
    return number(values, key, 1, otherwise);
  }

  private static int number(Map<String, String> values, String key, int least, int otherwise) {
    String value = values.get(key);
    return value == null ? otherwise : Numbers.atLeast(key, value, least);
  }

  void write(FleetFolder folder) throws IOException {
    Files.write(
        folder.settings(),
        List.of(
            "gateway_port=" + gatewayPort,
            "discovery_port=" + discoveryPort,
            "first_replica_port=" + firstReplicaPort,
            JOBS_PORT + "=" + jobsPort,
            "replicas=" + replicas,
            "models=" + models,
            "tls=" + (tls ? YES : ""),
            KEYS + "=" + (keys ? YES : NO),
            "restart=" + (restarts ? YES : NO)));
  }

  /**
   * Looks at the ports, before anything is started on one.
   *
   * @throws IllegalArgumentException if one is none, or wanted for two services
   */
  public void requirePorts() {
    Map<Integer, Service> taken = new HashMap<>();
    take(Service.REGISTRY, discoveryPort, taken);
    take(Service.GATEWAY, gatewayPort, taken);
    if (hasJobs()) {
      take(Service.JOBS, jobsPort, taken);
    }
    replicaPorts(replicas);
  }

  private static void take(Service service, int port, Map<Integer, Service> taken) {
    if (port > LAST_PORT) {
      throw new IllegalArgumentException(
          "port %d, which %s needs (expected: at most %d)".formatted(port, service, LAST_PORT));
    }
    Service other = taken.put(port, service);
    if (other != null) {
      throw new IllegalArgumentException(
          "port %d, which both %s and %s need (expected: a port each)"
              .formatted(port, other, service));
    }
  }

  /**
   * Of the first so many replicas; a port that another service has is passed over.
   *
   * @throws IllegalArgumentException if there are not as many
   */
  public List<Integer> replicaPorts(int count) {
    List<Integer> ports = new ArrayList<>();
    for (int port = firstReplicaPort; ports.size() < count; port++) {
      if (port > LAST_PORT) {
        throw new IllegalArgumentException(
            "%d replicas (expected: at most %d, which have ports from %d to %d)"
                .formatted(count, ports.size(), firstReplicaPort, LAST_PORT));
      }
      if (port != gatewayPort && port != discoveryPort && port != jobsPort) {
        ports.add(port);
      }
    }
    return ports;
  }
}
