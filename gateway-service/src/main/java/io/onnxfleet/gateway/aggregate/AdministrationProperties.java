package io.onnxfleet.gateway.aggregate;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Who may load and unload models.
 *
 * @param token the bearer token of administrators; empty closes administration
 * @param timeout for one replica to load or unload; at least 1 ms
 */
@ConfigurationProperties(prefix = "fleet.gateway.administration", ignoreUnknownFields = false)
public record AdministrationProperties(
    @DefaultValue("") String token, @DefaultValue("5m") Duration timeout) {

  public AdministrationProperties {
    if (timeout.toMillis() < 1) {
      throw new IllegalArgumentException(
          "fleet.gateway.administration.timeout: " + timeout + " (expected: >= 1ms)");
    }
  }

  /** Without the token, which must not end up in a log. */
  @Override
  public String toString() {
    return "AdministrationProperties[open=" + !token.isEmpty() + ", timeout=" + timeout + "]";
  }
}
