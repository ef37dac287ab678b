package io.onnxfleet.gateway.balancing;

import io.onnxfleet.gateway.fleet.FleetProperties;
import org.springframework.cloud.loadbalancer.annotation.LoadBalancerClientSpecification;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Gives Spring Cloud LoadBalancer the fleet's balancer for the fleet's service, and no other. */
@Configuration(proxyBeanMethods = false)
class FleetServiceConfiguration {

  @Bean
  LoadBalancerClientSpecification fleetService(FleetProperties properties) {
    return new LoadBalancerClientSpecification(
        properties.serviceName(), new Class<?>[] {FleetServiceContext.class});
  }
}
