package io.onnxfleet.gateway.loadbalancer;

import io.onnxfleet.gateway.balancing.ReplicaLoadBalancer;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.loadbalancer.core.ReactorLoadBalancer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Primary;

/**
 * The beans of the context that the framework keeps for the fleet's service alone. It bears no
 * annotation, and is no member of a class that does: among the gateway's own beans, where a scan
 * would put them, the balancer would be taken for every service.
 */
class FleetServiceContext {

  /** Primary beside what a team configures for every service. */
  @Bean
  @Primary
  ReactorLoadBalancer<ServiceInstance> fleetServiceBalancer(ReplicaLoadBalancer replicas) {
    return new FleetServiceBalancer(replicas);
  }
}
