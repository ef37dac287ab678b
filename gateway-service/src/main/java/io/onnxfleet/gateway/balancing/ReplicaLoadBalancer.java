package io.onnxfleet.gateway.balancing;

import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.Replica;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.DefaultResponse;
import org.springframework.cloud.client.loadbalancer.EmptyResponse;
import org.springframework.cloud.client.loadbalancer.Request;
import org.springframework.cloud.client.loadbalancer.Response;
import org.springframework.cloud.loadbalancer.core.ReactorServiceInstanceLoadBalancer;
import reactor.core.publisher.Mono;

/**
 * Finds the candidates for a request and has the policy choose one. The request's context is a
 * {@link ReplicaRequest}; without one every registered replica is a candidate. Only a {@link
 * Replica} is ever chosen.
 *
 * <p>Candidates are the first of these that is not empty: registered replicas; registered ones that
 * are left out for now (a poor choice, but better than none); vanished ones.
 *
 * <p>Safe for use by many threads; never blocks.
 */
public final class ReplicaLoadBalancer implements ReactorServiceInstanceLoadBalancer {

  private final Supplier<Fleet> fleet;
  private final LeftOutReplicas leftOut;
  private final BalancingPolicy policy;

  public ReplicaLoadBalancer(
      Supplier<Fleet> fleet, LeftOutReplicas leftOut, BalancingPolicy policy) {
    this.fleet = fleet;
    this.leftOut = leftOut;
    this.policy = policy;
  }

  @Override
  @SuppressWarnings("rawtypes") // The interface's signature.
  public Mono<Response<ServiceInstance>> choose(Request request) {
    List<Replica> candidates = candidates(request.getContext());
    return Mono.just(
        candidates.isEmpty()
            ? new EmptyResponse()
            : new DefaultResponse(policy.choose(candidates)));
  }

  private List<Replica> candidates(@Nullable Object context) {
    Fleet now = fleet.get();
    if (!(context instanceof ReplicaRequest request)) {
      return now.registered();
    }
    List<Replica> serving = now.serving(request.model());
    Predicate<Replica> untried = replica -> !request.excluded().contains(replica.id());
    Predicate<Replica> present = replica -> !leftOut.isLeftOut(replica.id());
    List<Replica> candidates = filtered(serving, untried.and(present));
    if (candidates.isEmpty()) {
      candidates = filtered(serving, untried);
    }
    if (candidates.isEmpty()) {
      candidates = filtered(now.vanishedServing(request.model()), untried);
    }
    return candidates;
  }

  /** The list itself where nothing is left out, which is nearly always. */
  private static List<Replica> filtered(List<Replica> replicas, Predicate<Replica> condition) {
    for (int kept = 0; kept < replicas.size(); kept++) {
      if (!condition.test(replicas.get(kept))) {
        List<Replica> some = new ArrayList<>(replicas.subList(0, kept));
        for (Replica replica : replicas.subList(kept + 1, replicas.size())) {
          if (condition.test(replica)) {
            some.add(replica);
          }
        }
        return some;
      }
    }
    return replicas;
  }
}
