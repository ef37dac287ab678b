package io.onnxfleet.gateway.balancing.policy;

import io.onnxfleet.gateway.fleet.Replica;
import java.util.List;

/**
 * Chooses among replicas that can all answer; which ones those are is not its business.
 * Implementations are safe for use by many threads and never block.
 */
public interface BalancingPolicy {

  /**
   * Chooses one of the candidates.
   *
   * @param model what they are asked for
   * @param candidates at least one replica
   * @return one of them
   */
  Replica choose(String model, List<Replica> candidates);
}
