package io.onnxfleet.gateway.balancing.policy;

import io.onnxfleet.gateway.load.InFlightRequests;
import io.onnxfleet.gateway.load.ReplicaLoads;
import java.util.Locale;
import java.util.function.IntUnaryOperator;

/** The policies that configuration can name. All of them are compared in simulated fleets. */
public enum PolicyName {
  ROUND_ROBIN,
  LEAST_IN_FLIGHT,
  P2C,
  PREQUAL;

  /** As configuration writes it: {@code least-in-flight}. */
  public String text() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * A policy of this name, for one gateway.
   *
   * @param random a number from 0 below its argument; safe for use by many threads
   */
  public BalancingPolicy create(
      InFlightRequests inFlight, ReplicaLoads loads, LoadProbes probes, IntUnaryOperator random) {
    return switch (this) {
      case ROUND_ROBIN -> new RoundRobin(random.applyAsInt(Integer.MAX_VALUE));
      case LEAST_IN_FLIGHT -> new LeastInFlight(inFlight, random);
      case P2C -> new PowerOfTwoChoices(inFlight, random);
      case PREQUAL -> new Prequal(loads, probes, random);
    };
  }
}
