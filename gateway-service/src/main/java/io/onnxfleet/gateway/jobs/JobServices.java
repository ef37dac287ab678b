package io.onnxfleet.gateway.jobs;

import io.onnxfleet.gateway.network.Networks;
import java.net.URI;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.DiscoveryClient;

/**
 * The job services that the registry's client knows now, in any order. Whoever registers from
 * outside of the fleet's networks, or in plain text where the fleet speaks TLS, is left out. Safe
 * for use by many threads.
 */
final class JobServices {

  private final DiscoveryClient registry;
  private final String serviceName;
  private final Networks networks;
  private final boolean tls;
  private final Random random;

  JobServices(
      DiscoveryClient registry, String serviceName, Networks networks, boolean tls, Random random) {
    this.registry = registry;
    this.serviceName = serviceName;
    this.networks = networks;
    this.tls = tls;
    this.random = random;
  }

  /** Where they are. Reads what the client has fetched before: never waits for the registry. */
  List<URI> known() {
    List<URI> known = new ArrayList<>();
    for (ServiceInstance instance : registry.getInstances(serviceName)) {
      if (networks.contains(instance.getHost()) && (!tls || instance.isSecure())) {
        known.add(instance.getUri());
      }
    }
    Collections.shuffle(known, random);
    return known;
  }
}
