package io.onnxfleet.gateway.balancing.policy;

import io.onnxfleet.gateway.fleet.Replica;
import io.onnxfleet.gateway.load.InFlightRequests;
import java.util.List;
import java.util.function.IntUnaryOperator;

/**
 * Draws two different candidates at random and takes the one with fewer requests in flight from
 * this gateway.
 *
 * <p>M. Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing" (2001): the longest
 * queue grows with log log n instead of log n. Unlike always taking the least loaded, two gateways
 * that see the same counts do not send everything to the same replica.
 *
 * <p>Safe for many threads: two that draw at once may count the same replica before either adds to
 * it.
 */
final class PowerOfTwoChoices implements BalancingPolicy {

  private final InFlightRequests inFlight;
  private final IntUnaryOperator random;

  /**
   * Chooses by these counts.
   *
   * @param random a number from 0 below its argument; safe for use by many threads
   */
  PowerOfTwoChoices(InFlightRequests inFlight, IntUnaryOperator random) {
    this.inFlight = inFlight;
    this.random = random;
  }

  @Override
  public Replica choose(String model, List<Replica> candidates) {
    int size = candidates.size();
    if (size == 1) {
      return candidates.getFirst();
    }
    int first = random.applyAsInt(size);
    int second = random.applyAsInt(size - 1);
    if (second >= first) {
      second++;
    }
    Replica one = candidates.get(first);
    Replica other = candidates.get(second);
    return inFlight.count(other.id()) < inFlight.count(one.id()) ? other : one;
  }
}
