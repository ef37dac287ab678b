package io.onnxfleet.gateway.balancing.policy;

import io.onnxfleet.gateway.fleet.Replica;
import io.onnxfleet.gateway.load.ReplicaLoads;

/**
 * Asks a replica for its load, apart from any request. Returns at once; the answer, if one comes,
 * is told to {@link ReplicaLoads}. May do nothing, where enough is being asked already.
 */
@FunctionalInterface
public interface LoadProbes {

  void probe(Replica replica, String model);
}
