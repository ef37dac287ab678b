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
 * @param replicas how many there should be
 * @param tls whether registry and replicas speak TLS, and only to who has a certificate
 * @param restarts whether what dies is started again
 */
public record FleetSettings(
    int gatewayPort,
    int discoveryPort,
    int firstReplicaPort,
    int replicas,
    Path models,
    boolean tls,
    boolean restarts) {
  private static final int GATEWAY_PORT = 8080;
  private static final int REPLICAS = 2;
  private static final String YES = "yes";
  private static final String NO = "no";

  /** Of a fleet of which nothing else is wanted. */
  public static FleetSettings ofDefaults(FleetFolder folder, FleetEnvironment environment) {
    return new FleetSettings(
        GATEWAY_PORT,
        environment.discoveryPort(),
        environment.firstReplicaPort(),
        REPLICAS,
        folder.models(),
        false,
        environment.restarts());
  }

  public FleetSettings withReplicas(int count) {
    return new FleetSettings(
        gatewayPort, discoveryPort, firstReplicaPort, count, models, tls, restarts);
  }

  public FleetSettings withRestarts(boolean wanted) {
    return new FleetSettings(
        gatewayPort, discoveryPort, firstReplicaPort, replicas, models, tls, wanted);
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
            number(values, "replicas", defaults.replicas()),
            Path.of(values.getOrDefault("models", defaults.models().toString())),
            YES.equals(values.get("tls")),
            !NO.equals(values.get("restart"))));
  }

  private static int number(Map<String, String> values, String key, int otherwise) {
    String value = values.get(key);
    return value == null ? otherwise : Numbers.atLeast(key, value, 1);
  }

  void write(FleetFolder folder) throws IOException {
    Files.write(
        folder.settings(),
        List.of(
            "gateway_port=" + gatewayPort,
            "discovery_port=" + discoveryPort,
            "first_replica_port=" + firstReplicaPort,
            "replicas=" + replicas,
            "models=" + models,
            "tls=" + (tls ? YES : ""),
            "restart=" + (restarts ? YES : NO)));
  }

  /** Of the first so many replicas; a port that another service has is passed over. */
  public List<Integer> replicaPorts(int count) {
    List<Integer> ports = new ArrayList<>();
    for (int port = firstReplicaPort; ports.size() < count; port++) {
      if (port != gatewayPort && port != discoveryPort) {
        ports.add(port);
      }
    }
    return ports;
  }
}
