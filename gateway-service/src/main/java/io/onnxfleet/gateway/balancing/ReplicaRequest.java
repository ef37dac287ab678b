package io.onnxfleet.gateway.balancing;

import io.onnxfleet.gateway.fleet.ModelReference;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the balancer must know of a request.
 *
 * @param model what a candidate must have READY
 * @param excluded the ids of replicas that were tried already
 * @param only the ids of those that may be tried; null for all
 */
public record ReplicaRequest(
    ModelReference model, Set<String> excluded, @Nullable Set<String> only) {

  public ReplicaRequest {
    excluded = Set.copyOf(excluded);
    only = only == null ? null : Set.copyOf(only);
  }

  public ReplicaRequest(ModelReference model, Set<String> excluded) {
    this(model, excluded, null);
  }

  boolean allows(String replica) {
    return !excluded.contains(replica) && (only == null || only.contains(replica));
  }
}
