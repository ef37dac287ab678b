package io.onnxfleet.launcher.fleet;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the environment says of a fleet.
 *
 * @param javaOptions further options of every JVM
 * @param keys the file of API keys: a gateway asks for them as soon as it is there
 * @param administrationToken of the gateway; none: it gets a new one
 * @param usesAotCache whether processes start from recorded caches
 * @param restarts whether what dies is started again
 */
public record FleetEnvironment(
    int discoveryPort,
    int firstReplicaPort,
    Duration startTimeout,
    Duration stopTimeout,
    List<String> javaOptions,
    Path keys,
    @Nullable String administrationToken,
    boolean usesAotCache,
    boolean restarts) {
  public static final String ADMINISTRATION_TOKEN = "FLEET_GATEWAY_ADMINISTRATION_TOKEN";

  public FleetEnvironment {
    javaOptions = List.copyOf(javaOptions);
  }

  /**
   * Reads it.
   *
   * @param directory where the caller stands
   * @throws IllegalArgumentException if a number is none
   */
  public static FleetEnvironment of(
      Map<String, String> variables, FleetFolder folder, Path directory) {
    String token = variables.getOrDefault(ADMINISTRATION_TOKEN, "");
    String keys = variables.getOrDefault("FLEET_KEYS", "");
    return new FleetEnvironment(
        number(variables, "FLEET_DISCOVERY_PORT", 8761),
        number(variables, "FLEET_REPLICA_PORT", 8081),
        Duration.ofSeconds(number(variables, "FLEET_START_TIMEOUT", 300)),
        Duration.ofSeconds(number(variables, "FLEET_STOP_TIMEOUT", 40)),
        Arrays.stream(variables.getOrDefault("FLEET_JAVA_OPTIONS", "").split("\\s+", -1))
            .filter(option -> !option.isEmpty())
            .toList(),
        keys.isEmpty() ? folder.keys() : directory.resolve(keys),
        token.isEmpty() ? null : token,
        !"no".equals(variables.get("FLEET_AOT_CACHE")),
        !"no".equals(variables.get("FLEET_RESTART")));
  }

  private static int number(Map<String, String> variables, String name, int otherwise) {
    String value = variables.getOrDefault(name, "");
    return value.isEmpty() ? otherwise : Numbers.atLeast(name, value, 1);
  }
}
