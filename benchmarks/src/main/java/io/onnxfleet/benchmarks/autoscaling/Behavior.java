package io.onnxfleet.benchmarks.autoscaling;

import java.time.Duration;

/**
 * One direction of an autoscaler's {@code behavior}: within each period the replicas may change by
 * the larger of the share and the number.
 *
 * @param stabilization over which the most cautious recommendation counts
 */
record Behavior(Duration stabilization, int percent, int pods, Duration period) {
  /** What Kubernetes does upwards when nothing is said. */
  static final Behavior DEFAULT_UP = new Behavior(Duration.ZERO, 100, 4, Duration.ofSeconds(15));

  /** What Kubernetes does downwards when nothing is said. */
  static final Behavior DEFAULT_DOWN =
      new Behavior(Duration.ofMinutes(5), 100, 0, Duration.ofSeconds(15));
}
