package io.onnxfleet.gateway.balancing;

import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.loadbalancer.core.ReactorLoadBalancer;
import org.springframework.context.annotation.Bean;

/**
 * The beans of the context that the framework keeps for the fleet's service alone. It bears no
 * annotation, and is no member of a class that does: among the gateway's own beans, where a scan
 * would put them, the balancer would be taken for every service.
 */
class FleetServiceContext {

  @Bean
  ReactorLoadBalancer<ServiceInstance> fleetServiceBalancer(ReplicaLoadBalancer replicas) {
    return new FleetServiceBalancer(replicas);
  }
}
