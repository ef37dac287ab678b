package io.onnxfleet.benchmarks.balancing;

import java.util.List;

/**
 * What is simulated.
 *
 * @param speeds of the replicas, 1 is the curve's
 * @param gateways that share the load evenly and know nothing of each other
 * @param requestsPerSecond in all
 */
record Scenario(ServiceCurve curve, List<Double> speeds, int gateways, double requestsPerSecond) {
  Scenario {
    speeds = List.copyOf(speeds);
  }

  /** A load as a share of what all replicas together can do. */
  static Scenario atLoad(ServiceCurve curve, List<Double> speeds, int gateways, double load) {
    double speed = speeds.stream().mapToDouble(Double::doubleValue).sum();
    return new Scenario(curve, speeds, gateways, curve.capacity() * speed * load);
  }
}
