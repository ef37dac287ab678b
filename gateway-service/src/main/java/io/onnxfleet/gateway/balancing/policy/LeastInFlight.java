package io.onnxfleet.gateway.balancing.policy;

import io.onnxfleet.gateway.fleet.Replica;
import io.onnxfleet.gateway.load.InFlightRequests;
import java.util.List;
import java.util.function.IntUnaryOperator;

/**
 * Takes the candidate with the fewest requests in flight from this gateway, the first of equals
 * from a random place on. Looks at every candidate. Safe for many threads.
 */
final class LeastInFlight implements BalancingPolicy {

  private final InFlightRequests inFlight;
  private final IntUnaryOperator random;

  /**
   * Chooses by these counts.
   *
   * @param random a number from 0 below its argument; safe for use by many threads
   */
  LeastInFlight(InFlightRequests inFlight, IntUnaryOperator random) {
    this.inFlight = inFlight;
    this.random = random;
  }

  @Override
  public Replica choose(String model, List<Replica> candidates) {
    int size = candidates.size();
    int start = size == 1 ? 0 : random.applyAsInt(size);
    Replica best = candidates.get(start);
    int least = inFlight.count(best.id());
    for (int i = 1; i < size && least > 0; i++) {
      Replica other = candidates.get((start + i) % size);
      int count = inFlight.count(other.id());
      if (count < least) {
        least = count;
        best = other;
      }
    }
    return best;
  }
}
