package io.onnxfleet.gateway.waking;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Whether requests wait for a fleet that has no replica.
 *
 * @param hold how long a request may wait for the first replica, within its deadline; 0 to refuse
 *     it at once
 * @param maxHeld requests that may wait; 1 or more
 */
@ConfigurationProperties(prefix = "fleet.gateway.waking", ignoreUnknownFields = false)
public record WakingProperties(
    @DefaultValue("0s") Duration hold, @DefaultValue("256") int maxHeld) {

  public WakingProperties {
    if (hold.isNegative()) {
      throw new IllegalArgumentException(
          "fleet.gateway.waking.hold: " + hold + " (expected: >= 0)");
    }
    if (maxHeld < 1) {
      throw new IllegalArgumentException(
          "fleet.gateway.waking.max-held: " + maxHeld + " (expected: >= 1)");
    }
  }
}
