package io.onnxfleet.gateway.balancing;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * For how long a replica that refuses or resets connections is left out.
 *
 * @param leaveOutFirst after the first failure; more than 0
 * @param leaveOutMost the time doubles with every further failure up to this; at least the first
 */
@ConfigurationProperties(prefix = "fleet.gateway.balancing", ignoreUnknownFields = false)
public record BalancingProperties(
    @DefaultValue("1s") Duration leaveOutFirst, @DefaultValue("30s") Duration leaveOutMost) {

  public BalancingProperties {
    if (leaveOutFirst.isNegative() || leaveOutFirst.isZero()) {
      throw new IllegalArgumentException(
          "fleet.gateway.balancing.leave-out-first: " + leaveOutFirst + " (expected: > 0)");
    }
    if (leaveOutMost.compareTo(leaveOutFirst) < 0) {
      throw new IllegalArgumentException(
          "fleet.gateway.balancing.leave-out-most: %s (expected: >= leave-out-first, %s)"
              .formatted(leaveOutMost, leaveOutFirst));
    }
  }
}
