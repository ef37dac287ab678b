package io.onnxfleet.jobs.execution;

import java.net.URI;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.DiscoveryClient;

/** Where gateways are: at the URL that was given, or where the registry says. Thread-safe. */
final class GatewayAddress {
  private final DiscoveryClient registry;
  private final String name;
  private final @Nullable URI given;
  private final Random random;

  /**
   * Knows where to look.
   *
   * @param given empty for the registry's
   */
  GatewayAddress(DiscoveryClient registry, String name, String given, Random random) {
    this.registry = registry;
    this.name = name;
    this.given = given.isEmpty() ? null : URI.create(given.replaceAll("/+$", ""));
    this.random = random;
  }

  /** One of them; null if none is known. */
  @Nullable URI find() {
    if (given != null) {
      return given;
    }
    List<ServiceInstance> known = registry.getInstances(name);
    return known.isEmpty() ? null : known.get(random.nextInt(known.size())).getUri();
  }
}
