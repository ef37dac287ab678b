package io.onnxfleet.gateway.routing;

import io.netty.channel.ChannelOption;
import io.netty.util.HashedWheelTimer;
import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.gateway.admission.AdmissionProperties;
import io.onnxfleet.gateway.admission.ByteBudget;
import io.onnxfleet.gateway.admission.ModelAdmission;
import io.onnxfleet.gateway.aggregate.FleetAnswers;
import io.onnxfleet.gateway.aggregate.UnreadyModels;
import io.onnxfleet.gateway.balancing.BalancingProperties;
import io.onnxfleet.gateway.balancing.InFlightRequests;
import io.onnxfleet.gateway.balancing.LeftOutReplicas;
import io.onnxfleet.gateway.balancing.ReplicaLoadBalancer;
import io.onnxfleet.gateway.balancing.ReplicaLoads;
import io.onnxfleet.gateway.balancing.SlowOutliers;
import io.onnxfleet.gateway.cache.ResponseCache;
import io.onnxfleet.gateway.family.VariantChoice;
import io.onnxfleet.gateway.family.VariantForecasts;
import io.onnxfleet.gateway.fleet.FleetWatch;
import io.onnxfleet.gateway.inside.FleetIdentity;
import io.onnxfleet.gateway.observability.GatewayMetrics;
import io.onnxfleet.gateway.rollout.AnswerComparison;
import io.onnxfleet.gateway.rollout.RolloutProperties;
import io.onnxfleet.gateway.rollout.Rollouts;
import io.onnxfleet.gateway.security.Accesses;
import io.onnxfleet.gateway.suspect.Suspects;
import io.onnxfleet.gateway.waking.WakingQueue;
import java.util.concurrent.TimeUnit;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.support.BeanDefinitionRegistryPostProcessor;
import org.springframework.cloud.gateway.route.RouteLocator;
import org.springframework.cloud.gateway.route.builder.RouteLocatorBuilder;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.ConnectionProvider;

/** The fleet's routes and what serves them. */
@Configuration(proxyBeanMethods = false)
class RoutingConfiguration {

  private static final String ROUTING_FILTER = "routingFilter";
  private static final int MOST_WAITING_FOR_SEARCH = 1024;

  /** Every route ends in {@link RoutingFilter}, which reads the model where the URI has none. */
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
  static BeanDefinitionRegistryPostProcessor routingFilterComesLast() {
    return registry -> {
      BeanDefinition last = registry.getBeanDefinition(ROUTING_FILTER);
      registry.removeBeanDefinition(ROUTING_FILTER);
      registry.registerBeanDefinition(ROUTING_FILTER, last);
    };
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
      ConnectionProvider replicaConnections, RoutingProperties properties, FleetIdentity identity) {
    return identity.clientOf(
        HttpClient.create(replicaConnections)
            .disableRetry(true)
            .followRedirect(false)
            .option(
                ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) properties.connectTimeout().toMillis())
            .option(ChannelOption.TCP_NODELAY, true));
  }

  @Bean
  LifeProbes lifeProbes(RoutingProperties properties, FleetIdentity identity) {
    return new LifeProbes(
        identity.clientOf(
            HttpClient.newConnection()
                .disableRetry(true)
                .option(
                    ChannelOption.CONNECT_TIMEOUT_MILLIS,
                    (int) properties.connectTimeout().toMillis())));
  }

  @Bean
  LeavingProbes leavingProbes(HttpClient replicaHttpClient, FleetWatch watch) {
    LeavingProbes probes = new LeavingProbes(replicaHttpClient, watch::gone);
    watch.onVanished(probes::ask);
    return probes;
  }

  @Bean
  HttpLoadProbes loadProbes(
      HttpClient replicaHttpClient,
      ReplicaLoads loads,
      LeftOutReplicas leftOut,
      ObjectProvider<Suspects> suspects,
      BalancingProperties balancing) {
    return new HttpLoadProbes(
        replicaHttpClient,
        loads,
        leftOut,
        leaving -> suspects.ifAvailable(known -> known.leaves(leaving)),
        balancing.maxProbesPerSecond(),
        System::nanoTime);
  }

  /** One thread for every wait; starts with the first. */
  @Bean(destroyMethod = "stop")
  HashedWheelTimer patienceTimer() {
    return new HashedWheelTimer(
        Thread.ofPlatform().name("patience").daemon().factory(), 10, TimeUnit.MILLISECONDS);
  }

  @Bean
  Forwarding forwarding(
      FleetWatch watch,
      ReplicaLoadBalancer balancer,
      HttpClient replicaHttpClient,
      InFlightRequests inFlight,
      ReplicaLoads loads,
      LeftOutReplicas leftOut,
      SlowOutliers outliers,
      Suspects suspects,
      LifeProbes lifeProbes,
      HashedWheelTimer patienceTimer,
      GatewayMetrics metrics,
      RoutingProperties routing) {
    return new Forwarding(
        watch,
        balancer,
        new ReplicaClient(replicaHttpClient),
        inFlight,
        loads,
        leftOut,
        outliers,
        new RetryBudget(routing.retryShare(), routing.retryBurst()),
        new Patience(routing),
        suspects,
        lifeProbes,
        patienceTimer,
        metrics,
        routing,
        System::nanoTime);
  }

  @Bean
  Trials trials(
      Forwarding forwarding,
      HttpClient replicaHttpClient,
      ReplicaLoadBalancer balancer,
      InFlightRequests inFlight,
      LeftOutReplicas leftOut,
      Suspects suspects,
      LifeProbes lifeProbes,
      AnswerComparison comparison,
      RolloutProperties rollout) {
    int mostOfAnswer = (int) rollout.shadowAnswer().toBytes();
    return new Trials(
        forwarding,
        new Shadows(
            replicaHttpClient,
            balancer,
            inFlight,
            leftOut,
            suspects,
            lifeProbes,
            comparison,
            mostOfAnswer,
            rollout.shadowsAtOnce()),
        mostOfAnswer,
        System::nanoTime);
  }

  /** One thread, which rests more than it works. */
  @Bean(destroyMethod = "dispose")
  Scheduler thoroughSearch() {
    return Schedulers.newBoundedElastic(1, MOST_WAITING_FOR_SEARCH, "search");
  }

  @Bean
  ModelSearch modelSearch(
      ModelProperties models,
      AdmissionProperties admission,
      @Qualifier("parsing") Scheduler parsing,
      @Qualifier("thoroughSearch") Scheduler thorough) {
    return new ModelSearch(
        new RequestedModel(models.defaultModel(), admission.maxBodySize().toBytes()),
        new ByteBudget(admission.inflatedBodies().toBytes()),
        parsing,
        thorough,
        System::nanoTime);
  }

  @Bean(ROUTING_FILTER)
  RoutingFilter routingFilter(
      Accesses accesses,
      FleetWatch watch,
      WakingQueue waking,
      Forwarding forwarding,
      ByteBudget keptBodies,
      ModelSearch modelSearch,
      @Qualifier("parsing") Scheduler parsing,
      FleetAnswers answers,
      UnreadyModels unready,
      AdmissionProperties admission,
      ModelAdmission modelAdmission,
      ResponseCache cache,
      VariantChoice variants,
      VariantForecasts forecasts,
      Rollouts rollouts,
      Trials trials,
      Suspects suspects,
      RoutingProperties routing,
      ModelProperties models) {
    return new RoutingFilter(
        accesses,
        watch,
        waking,
        modelAdmission,
        cache,
        forwarding,
        trials,
        new RequestBodies(keptBodies, admission, routing),
        models.defaultModel(),
        modelSearch,
        new Destinations(variants, forecasts, rollouts, watch::current),
        answers,
        unready,
        suspects,
        parsing,
        routing.deadline(),
        System::nanoTime);
  }
}
