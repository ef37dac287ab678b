package io.onnxfleet.benchmarks.balancing;

import io.onnxfleet.gateway.balancing.BalancingPolicy;
import io.onnxfleet.gateway.balancing.LeastInFlight;
import io.onnxfleet.gateway.balancing.LoadProbes;
import io.onnxfleet.gateway.balancing.PowerOfTwoChoices;
import io.onnxfleet.gateway.balancing.Prequal;
import io.onnxfleet.gateway.balancing.RoundRobin;
import io.onnxfleet.gateway.load.InFlightRequests;
import io.onnxfleet.gateway.load.ReplicaLoads;
import java.util.function.IntUnaryOperator;

/** The policies that are compared: the gateway's own classes, and an experiment. */
enum PolicyKind {
  ROUND_ROBIN("round-robin"),
  LEAST_IN_FLIGHT("least-in-flight"),
  P2C("p2c"),
  PREQUAL("prequal"),
  BATCH_FILLING("batch-filling");

  private final String label;

  PolicyKind(String label) {
    this.label = label;
  }

  String label() {
    return label;
  }

  BalancingPolicy create(
      InFlightRequests inFlight,
      ReplicaLoads loads,
      LoadProbes probes,
      IntUnaryOperator random,
      ServiceCurve curve) {
    return switch (this) {
      case ROUND_ROBIN -> new RoundRobin(random.applyAsInt(Integer.MAX_VALUE));
      case LEAST_IN_FLIGHT -> new LeastInFlight(inFlight, random);
      case P2C -> new PowerOfTwoChoices(inFlight, random);
      case PREQUAL -> new Prequal(loads, probes, random);
      case BATCH_FILLING -> new BatchFilling(inFlight, curve.maxBatch(), random);
    };
  }
}
