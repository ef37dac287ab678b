package io.onnxfleet.inference.lifecycle;

import java.util.Optional;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;

/**
 * DOWN until the registry has taken this replica in: before, no gateway finds it. A registry that
 * goes away later changes nothing.
 */
final class RegistryHealth implements HealthIndicator {
  private final Optional<RegistryMembership> registry;

  /**
   * Looks at a membership.
   *
   * @param registry empty where there is none to be found in
   */
  RegistryHealth(Optional<RegistryMembership> registry) {
    this.registry = registry;
  }

  @Override
  public Health health() {
    if (registry.map(RegistryMembership::isTaken).orElse(true)) {
      return Health.up().build();
    }
    String refusal = registry.map(RegistryMembership::lastRefusal).orElse("");
    return Health.down()
        .withDetail(
            "registry",
            refusal.isEmpty() ? "it has not taken this replica in yet" : "not taken in: " + refusal)
        .build();
  }
}
