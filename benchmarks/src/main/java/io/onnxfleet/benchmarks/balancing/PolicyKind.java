package io.onnxfleet.benchmarks.balancing;

import io.onnxfleet.gateway.balancing.policy.BalancingPolicy;
import io.onnxfleet.gateway.balancing.policy.LoadProbes;
import io.onnxfleet.gateway.balancing.policy.PolicyName;
import io.onnxfleet.gateway.load.InFlightRequests;
import io.onnxfleet.gateway.load.ReplicaLoads;
import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.stream.Stream;

/**
 * A policy that is compared: one of the gateway's own, or an experiment.
 *
 * @param making gives each simulated gateway its own
 */
record PolicyKind(String label, Making making) {
  /** All that the gateway's configuration can name. */
  static final List<PolicyKind> OF_THE_GATEWAY =
      Stream.of(PolicyName.values()).map(PolicyKind::of).toList();

  static final PolicyKind BATCH_FILLING =
      new PolicyKind(
          "batch-filling",
          (inFlight, _, _, random, curve) -> new BatchFilling(inFlight, curve.maxBatch(), random));

  static PolicyKind of(PolicyName name) {
    return new PolicyKind(
        name.text(),
        (inFlight, loads, probes, random, _) -> name.create(inFlight, loads, probes, random));
  }

  /** Makes a policy of what a gateway knows. */
  interface Making {
    BalancingPolicy create(
        InFlightRequests inFlight,
        ReplicaLoads loads,
        LoadProbes probes,
        IntUnaryOperator random,
        ServiceCurve curve);
  }
}
