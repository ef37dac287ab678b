package io.onnxfleet.gateway.balancing;

import io.onnxfleet.gateway.balancing.policy.PolicyName;
import java.time.Duration;

/** Settings for tests. */
final class Balancing {

  private Balancing() {}

  /** Left out for one second first, for three at most; the rest as it is by default. */
  static BalancingProperties properties() {
    return leavingOut(Duration.ofSeconds(1), Duration.ofSeconds(3));
  }

  static BalancingProperties leavingOut(Duration first, Duration most) {
    return new BalancingProperties(
        PolicyName.PREQUAL,
        "default",
        2,
        Duration.ofSeconds(1),
        8,
        200,
        Duration.ofSeconds(1),
        first,
        most,
        0.5,
        5,
        4);
  }
}
