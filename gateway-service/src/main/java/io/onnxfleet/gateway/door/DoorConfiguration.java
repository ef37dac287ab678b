package io.onnxfleet.gateway.door;

import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.gateway.observability.GatewayMetrics;
import io.onnxfleet.gateway.routing.ModelProperties;
import io.onnxfleet.gateway.routing.RoutingProperties;
import io.onnxfleet.gateway.security.Accesses;
import io.onnxfleet.gateway.steps.Calls;
import java.util.concurrent.ThreadLocalRandom;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.support.BeanDefinitionRegistryPostProcessor;
import org.springframework.cloud.gateway.route.RouteLocator;
import org.springframework.cloud.gateway.route.builder.RouteLocatorBuilder;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The fleet's routes and the filters that requests for them pass. */
@Configuration(proxyBeanMethods = false)
class DoorConfiguration {

  private static final String DOOR = "httpDoor";

  /** Every route ends in {@link HttpDoor}; which model it is about may stand in the body. */
  @Bean
  RouteLocator fleetRoutes(RouteLocatorBuilder routes) {
    return routes
        .routes()
        .route(
            "fleet",
            route ->
                route
                    .path(ApiPaths.SERVER, ApiPaths.ALL_V2, ApiPaths.V1, ApiPaths.ALL_V1)
                    .uri("lb://inference-service"))
        .build();
  }

  /** Filters without an order of their own run as they are registered: this one is the last. */
  @Bean
  static BeanDefinitionRegistryPostProcessor httpDoorComesLast() {
    return registry -> {
      BeanDefinition last = registry.getBeanDefinition(DOOR);
      registry.removeBeanDefinition(DOOR);
      registry.registerBeanDefinition(DOOR, last);
    };
  }

  @Bean
  RequestTraceFilter requestTraceFilter(ErrorResponses errors, GatewayMetrics metrics) {
    return new RequestTraceFilter(
        () -> ThreadLocalRandom.current().nextLong(), errors, metrics, System::nanoTime);
  }

  @Bean(DOOR)
  HttpDoor httpDoor(
      Accesses accesses, Calls calls, ModelProperties models, RoutingProperties routing) {
    return new HttpDoor(
        accesses, calls, models.defaultModel(), routing.deadline(), System::nanoTime);
  }
}
