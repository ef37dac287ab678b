package io.onnxfleet.gateway.loadbalancer;

import io.onnxfleet.gateway.balancing.ReplicaLoadBalancer;
import io.onnxfleet.gateway.fleet.Replica;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.DefaultResponse;
import org.springframework.cloud.client.loadbalancer.EmptyResponse;
import org.springframework.cloud.client.loadbalancer.Request;
import org.springframework.cloud.client.loadbalancer.Response;
import org.springframework.cloud.loadbalancer.core.ReactorServiceInstanceLoadBalancer;
import reactor.core.publisher.Mono;

/**
 * Balances a team's own route to {@code lb://inference-service} over the fleet's replicas, by the
 * fleet's policy and without those that are ejected. Which models a replica has ready is not looked
 * at: such a route says nothing of models. Safe for use by many threads; never blocks.
 */
final class FleetServiceBalancer implements ReactorServiceInstanceLoadBalancer {

  private final ReplicaLoadBalancer replicas;

  FleetServiceBalancer(ReplicaLoadBalancer replicas) {
    this.replicas = replicas;
  }

  @Override
  @SuppressWarnings("rawtypes") // The interface's signature.
  public Mono<Response<ServiceInstance>> choose(Request request) {
    Replica chosen = replicas.chooseAny();
    return Mono.just(chosen == null ? new EmptyResponse() : new DefaultResponse(chosen));
  }
}
