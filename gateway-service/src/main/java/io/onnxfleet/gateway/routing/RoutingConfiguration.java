package io.onnxfleet.gateway.routing;

import io.netty.channel.ChannelOption;
import io.onnxfleet.gateway.admission.AdmissionProperties;
import io.onnxfleet.gateway.admission.ByteBudget;
import io.onnxfleet.gateway.admission.ModelAdmission;
import io.onnxfleet.gateway.aggregate.FleetAnswers;
import io.onnxfleet.gateway.balancing.InFlightRequests;
import io.onnxfleet.gateway.balancing.LeftOutReplicas;
import io.onnxfleet.gateway.balancing.ReplicaLoadBalancer;
import io.onnxfleet.gateway.cache.ResponseCache;
import io.onnxfleet.gateway.fleet.FleetWatch;
import io.onnxfleet.gateway.observability.GatewayMetrics;
import org.springframework.cloud.gateway.route.RouteLocator;
import org.springframework.cloud.gateway.route.builder.RouteLocatorBuilder;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.ConnectionProvider;

/** The fleet's routes and what serves them. */
@Configuration(proxyBeanMethods = false)
class RoutingConfiguration {

  /** Every route ends in {@link RoutingFilter}, which reads the model where the URI has none. */
  @Bean
  RouteLocator fleetRoutes(RouteLocatorBuilder routes) {
    return routes
        .routes()
        .route(
            "fleet",
            route -> route.path("/v2", "/v2/**", "/v1", "/v1/**").uri("lb://inference-service"))
        .build();
  }

  @Bean(destroyMethod = "dispose")
  ConnectionProvider replicaConnections(RoutingProperties properties) {
    return ConnectionProvider.builder("replicas")
        .maxConnections(properties.maxConnections())
        .pendingAcquireMaxCount(properties.maxPendingAcquires())
        .pendingAcquireTimeout(properties.deadline())
        .maxIdleTime(properties.maxIdleTime())
        .maxLifeTime(properties.maxLifeTime())
        .evictInBackground(properties.maxIdleTime())
        .lifo()
        .build();
  }

  /** Retries by itself are off: {@link Forwarding} knows what may be sent again, and where to. */
  @Bean
  HttpClient replicaHttpClient(
      ConnectionProvider replicaConnections, RoutingProperties properties) {
    return HttpClient.create(replicaConnections)
        .disableRetry(true)
        .followRedirect(false)
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) properties.connectTimeout().toMillis())
        .option(ChannelOption.TCP_NODELAY, true);
  }

  @Bean
  RoutingFilter routingFilter(
      FleetWatch watch,
      ReplicaLoadBalancer balancer,
      HttpClient replicaHttpClient,
      InFlightRequests inFlight,
      LeftOutReplicas leftOut,
      GatewayMetrics metrics,
      ByteBudget keptBodies,
      FleetAnswers answers,
      AdmissionProperties admission,
      ModelAdmission modelAdmission,
      ResponseCache cache,
      RoutingProperties routing,
      ModelProperties models) {
    Forwarding forwarding =
        new Forwarding(
            balancer,
            new ReplicaClient(replicaHttpClient),
            inFlight,
            leftOut,
            metrics,
            routing,
            System::nanoTime);
    return new RoutingFilter(
        watch,
        modelAdmission,
        cache,
        forwarding,
        new RequestBodies(keptBodies, admission, routing),
        new RequestedModel(models.defaultModel(), admission.maxBodySize().toBytes()),
        answers,
        routing.deadline(),
        System::nanoTime);
  }
}
