package io.onnxfleet.inference.configuration;

import java.time.Duration;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How requests wait for models that load on demand.
 *
 * @param maxWait of one request, at least 1 ms
 * @param maxWaiting requests at once, at least 1
 */
public record OnDemandProperties(
    @DefaultValue("30s") Duration maxWait, @DefaultValue("256") int maxWaiting) {
  private static final String PREFIX = "fleet.inference.repository.on-demand.";

  public OnDemandProperties {
    if (maxWait.toMillis() < 1) {
      throw new IllegalArgumentException(
          "%smax-wait: %s (expected: >= 1 ms)".formatted(PREFIX, maxWait));
    }
    if (maxWaiting < 1) {
      throw new IllegalArgumentException(
          "%smax-waiting: %d (expected: >= 1)".formatted(PREFIX, maxWaiting));
    }
  }
}
