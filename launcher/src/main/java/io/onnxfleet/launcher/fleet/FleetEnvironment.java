package io.onnxfleet.launcher.fleet;

import java.nio.file.Files;
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
 * @param hasSecret whether the fleet's processes get a secret from the environment
 * @param apiKey what a gateway that asks for keys is shown; none: nothing
 * @param usesAotCache whether processes start from recorded caches
 * @param restarts whether what dies is started again
 */
public record FleetEnvironment(
    int discoveryPort,
    int firstReplicaPort,
    int jobsPort,
    Duration startTimeout,
    Duration stopTimeout,
    List<String> javaOptions,
    Path keys,
    @Nullable String administrationToken,
    boolean hasSecret,
    @Nullable String apiKey,
    boolean usesAotCache,
    boolean restarts) {
  private static final List<String> SECRETS =
      List.of("FLEET_SECRET", "FLEET_SECRET_FILE", "FLEET_SECRETFILE");

  /** Longer than the slowest of all services may take, which is the job service. */
  private static final int STOP_SECONDS = 60;

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
    String apiKey = variables.getOrDefault("FLEET_API_KEY", "");
    String javaOptions = variables.getOrDefault("FLEET_JAVA_OPTIONS", "");
    return new FleetEnvironment(
        number(variables, "FLEET_DISCOVERY_PORT", 8761),
        number(variables, "FLEET_REPLICA_PORT", 8081),
        number(variables, "FLEET_JOB_SERVICE_PORT", 8079),
        Duration.ofSeconds(number(variables, "FLEET_START_TIMEOUT", 300)),
        Duration.ofSeconds(number(variables, "FLEET_STOP_TIMEOUT", STOP_SECONDS)),
        Arrays.stream(javaOptions.split("\\s+", -1)).filter(option -> !option.isEmpty()).toList(),
        keys.isEmpty() ? folder.keys() : directory.resolve(keys),
        token.isEmpty() ? null : token,
        javaOptions.contains("-Dfleet.secret")
            || SECRETS.stream().anyMatch(name -> !variables.getOrDefault(name, "").isEmpty()),
        apiKey.isEmpty() ? null : apiKey,
        !"no".equals(variables.get("FLEET_AOT_CACHE")),
        !"no".equals(variables.get("FLEET_RESTART")));
  }

  /** Whether a gateway that starts now should ask its callers for keys. */
  public boolean hasKeys() {
    return Files.isRegularFile(keys);
  }

  private static int number(Map<String, String> variables, String name, int otherwise) {
    String value = variables.getOrDefault(name, "");
    return value.isEmpty() ? otherwise : Numbers.atLeast(name, value, 1);
  }
}
