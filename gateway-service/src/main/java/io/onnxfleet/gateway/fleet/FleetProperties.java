package io.onnxfleet.gateway.fleet;

import io.onnxfleet.gateway.network.Networks;
import java.time.Duration;
import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How the gateway follows the registry.
 *
 * @param serviceName the registry's application name of the replicas
 * @param refreshInterval how often the registry client's copy is looked at; at least 10 ms
 * @param vanishedGrace how long a replica that is no longer listed may still be asked when no
 *     listed one can be; 0 or more
 * @param networks where replicas may be; whoever registers from elsewhere, or by a name, is asked
 *     nothing
 */
@ConfigurationProperties(prefix = "fleet.gateway.registry", ignoreUnknownFields = false)
public record FleetProperties(
    @DefaultValue("inference-service") String serviceName,
    @DefaultValue("250ms") Duration refreshInterval,
    @DefaultValue("30s") Duration vanishedGrace,
    @DefaultValue({
          "127.0.0.0/8",
          "10.0.0.0/8",
          "172.16.0.0/12",
          "192.168.0.0/16",
          "::1/128",
          "fc00::/7"
        })
        List<String> networks) {

  public FleetProperties {
    if (serviceName.isBlank()) {
      throw new IllegalArgumentException(
          "fleet.gateway.registry.service-name: '' (expected: an application name)");
    }
    if (refreshInterval.toMillis() < 10) {
      throw new IllegalArgumentException(
          "fleet.gateway.registry.refresh-interval: " + refreshInterval + " (expected: >= 10ms)");
    }
    if (vanishedGrace.isNegative()) {
      throw new IllegalArgumentException(
          "fleet.gateway.registry.vanished-grace: " + vanishedGrace + " (expected: >= 0)");
    }
    networks = List.copyOf(networks);
    var _ = read(networks);
  }

  private static Networks read(List<String> networks) {
    return new Networks("fleet.gateway.registry.networks", networks);
  }

  /** Where replicas may be: a false entry of the registry leads no request out of them. */
  public Networks replicaNetworks() {
    return read(networks);
  }
}
