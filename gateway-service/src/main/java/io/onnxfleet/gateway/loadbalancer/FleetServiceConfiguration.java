package io.onnxfleet.gateway.loadbalancer;

import io.onnxfleet.gateway.fleet.FleetProperties;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.loadbalancer.annotation.LoadBalancerClientSpecification;
import org.springframework.cloud.loadbalancer.core.ReactorLoadBalancer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/**
 * Gives Spring Cloud LoadBalancer the fleet's balancer for the fleet's service, and no other. What
 * a team configures for that service takes its place in the team's own routes; calls of the API
 * never ask it, and the log says so.
 */
@Configuration(proxyBeanMethods = false)
class FleetServiceConfiguration {

  private static final Logger LOGGER = LoggerFactory.getLogger(FleetServiceConfiguration.class);

  /** How the framework names what is configured for every service, and its own of these. */
  private static final String DEFAULT = "default.";

  private static final String FRAMEWORK = DEFAULT + "org.springframework.";

  /** First of all: of two for the same service the framework takes the last one. */
  @Bean
  @Order(Ordered.HIGHEST_PRECEDENCE)
  LoadBalancerClientSpecification fleetService(FleetProperties properties) {
    return new LoadBalancerClientSpecification(
        properties.serviceName(), new Class<?>[] {FleetServiceContext.class});
  }

  /** Names the balancers of a team's that could be thought to balance calls of the API. */
  @Bean
  SmartInitializingSingleton balancersOfTeams(
      LoadBalancerClientSpecification fleetService,
      ObjectProvider<LoadBalancerClientSpecification> specifications,
      ObjectProvider<ReactorLoadBalancer<ServiceInstance>> balancers) {
    return () -> {
      List<String> others = new ArrayList<>();
      specifications
          .orderedStream()
          .filter(
              each ->
                  !each.equals(fleetService) && mayBeFor(fleetService.getName(), each.getName()))
          .forEach(each -> others.add(named(each)));
      balancers.stream().forEach(each -> others.add(each.getClass().getName()));
      if (!others.isEmpty()) {
        LOGGER.info(
            "calls of the API are balanced by the fleet's policy alone, and not by {}", others);
      }
    };
  }

  private static boolean mayBeFor(String service, String name) {
    return name.equals(service) || (name.startsWith(DEFAULT) && !name.startsWith(FRAMEWORK));
  }

  private static String named(LoadBalancerClientSpecification specification) {
    return specification.getName()
        + Arrays.stream(specification.getConfiguration()).map(Class::getName).toList();
  }
}
