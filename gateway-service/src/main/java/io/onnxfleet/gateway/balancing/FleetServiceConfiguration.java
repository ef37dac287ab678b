package io.onnxfleet.gateway.balancing;

import io.onnxfleet.gateway.fleet.FleetProperties;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.loadbalancer.annotation.LoadBalancerClientSpecification;
import org.springframework.cloud.loadbalancer.core.ReactorLoadBalancer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Gives Spring Cloud LoadBalancer the fleet's balancer for the fleet's service, and for no other: a
 * balancer among the gateway's own beans would be taken for every service.
 */
@Configuration(proxyBeanMethods = false)
class FleetServiceConfiguration {

  @Bean
  LoadBalancerClientSpecification fleetService(FleetProperties properties) {
    return new LoadBalancerClientSpecification(
        properties.serviceName(), new Class<?>[] {OfTheService.class});
  }

  /** Beans of the context that the framework keeps for that service alone. */
  static class OfTheService {

    @Bean
    ReactorLoadBalancer<ServiceInstance> fleetServiceBalancer(ReplicaLoadBalancer replicas) {
      return new FleetServiceBalancer(replicas);
    }
  }
}
