package io.onnxfleet.gateway.balancing.policy;

import io.onnxfleet.gateway.fleet.Replica;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Takes the candidates in turn, blind to their load. Lists of different length share one turn, so
 * that with several models under way the order is only roughly kept. Safe for many threads.
 */
final class RoundRobin implements BalancingPolicy {

  private final AtomicInteger turn;

  /**
   * Starts somewhere.
   *
   * @param first random, so that gateways that start together do not walk in step
   */
  RoundRobin(int first) {
    this.turn = new AtomicInteger(first);
  }

  @Override
  public Replica choose(String model, List<Replica> candidates) {
    return candidates.get(Math.floorMod(turn.getAndIncrement(), candidates.size()));
  }
}
