package io.onnxfleet.gateway.balancing;

import io.onnxfleet.gateway.fleet.ModelReference;
import java.util.Set;

/**
 * What the balancer must know of a request.
 *
 * @param model what a candidate must have READY
 * @param excluded the ids of replicas that were tried already
 */
public record ReplicaRequest(ModelReference model, Set<String> excluded) {

  public ReplicaRequest {
    excluded = Set.copyOf(excluded);
  }
}
