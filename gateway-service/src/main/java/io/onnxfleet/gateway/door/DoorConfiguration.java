package io.onnxfleet.gateway.door;

import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.gateway.observability.GatewayMetrics;
import io.onnxfleet.gateway.routing.ModelProperties;
import io.onnxfleet.gateway.routing.RoutingProperties;
import io.onnxfleet.gateway.security.chain.Accesses;
import io.onnxfleet.gateway.steps.Calls;
import java.net.URI;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.support.BeanDefinitionRegistryPostProcessor;
import org.springframework.cloud.gateway.handler.predicate.PredicateDefinition;
import org.springframework.cloud.gateway.route.RouteDefinition;
import org.springframework.cloud.gateway.route.RouteDefinitionLocator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.core.publisher.Flux;

/** The fleet's routes and the filters that requests for them pass. */
@Configuration(proxyBeanMethods = false)
class DoorConfiguration {

  private static final String DOOR = "httpDoor";

  /**
   * The fleet's one route, as a definition, so that default filters are among its filters. It ends
   * in {@link HttpDoor}; which model it is about may stand in the body.
   */
  @Bean
  RouteDefinitionLocator fleetRoutes() {
    RouteDefinition route = new RouteDefinition();
    route.setId(HttpDoor.ROUTE);
    route.setUri(URI.create("no://op"));
    route.setPredicates(
        List.of(
            new PredicateDefinition(
                "Path="
                    + String.join(
                        ",", ApiPaths.SERVER, ApiPaths.ALL_V2, ApiPaths.V1, ApiPaths.ALL_V1))));
    return () -> Flux.just(route);
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
