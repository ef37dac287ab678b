package io.onnxfleet.gateway.balancing;

import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.load.InFlightRequests;
import io.onnxfleet.gateway.load.ReplicaLoads;
import java.time.Duration;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** Balancers for the tests of those who use one. */
public final class TestBalancer {

  private TestBalancer() {}

  /** Always takes the first candidate. */
  public static ReplicaLoadBalancer first(
      Supplier<Fleet> fleet,
      EjectedReplicas ejected,
      InFlightRequests inFlight,
      ReplicaLoads loads,
      LongSupplier clock) {
    return new ReplicaLoadBalancer(
        fleet,
        ejected,
        new SlowStart(Duration.ZERO, clock, bound -> 0),
        inFlight,
        loads,
        (replica, model) -> {},
        (model, candidates) -> candidates.getFirst());
  }

  /** Ejects for one second first. */
  public static EjectedReplicas ejected(LongSupplier clock) {
    return new EjectedReplicas(Balancing.properties(), clock);
  }
}
