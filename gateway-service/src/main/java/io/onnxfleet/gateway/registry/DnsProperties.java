package io.onnxfleet.gateway.registry;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Replicas by DNS instead of a registry, as a headless Service of Kubernetes lists them.
 *
 * @param name whose addresses are the replicas'; empty to ask the registry
 * @param port of every replica
 * @param server {@code address:port} of the DNS server; empty for the system's
 * @param interval after which the name is looked up again, and each replica asked; at least 100 ms
 * @param timeout for a DNS server, and for a replica; at least 100 ms
 */
@ConfigurationProperties(prefix = "fleet.gateway.dns", ignoreUnknownFields = false)
public record DnsProperties(
    @DefaultValue("") String name,
    @DefaultValue("8081") int port,
    @DefaultValue("") String server,
    @DefaultValue("1s") Duration interval,
    @DefaultValue("1s") Duration timeout) {

  private static final int HIGHEST_PORT = 65_535;

  public DnsProperties {
    if (port < 1 || port > HIGHEST_PORT) {
      throw new IllegalArgumentException(
          "fleet.gateway.dns.port: " + port + " (expected: 1 to 65535)");
    }
    if (!server.isEmpty() && !server.matches("\\[?[0-9a-fA-F.:]+\\]?:\\d{1,5}")) {
      throw new IllegalArgumentException(
          "fleet.gateway.dns.server: '" + server + "' (expected: address:port)");
    }
    requireAtLeastATenth("interval", interval);
    requireAtLeastATenth("timeout", timeout);
  }

  private static void requireAtLeastATenth(String key, Duration value) {
    if (value.toMillis() < 100) {
      throw new IllegalArgumentException(
          "fleet.gateway.dns." + key + ": " + value + " (expected: >= 100ms)");
    }
  }

  boolean isAsked() {
    return !name.isBlank();
  }
}
