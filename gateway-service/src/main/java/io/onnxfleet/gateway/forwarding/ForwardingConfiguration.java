package io.onnxfleet.gateway.forwarding;

import io.netty.channel.ChannelOption;
import io.netty.util.HashedWheelTimer;
import io.onnxfleet.gateway.balancing.EjectedReplicas;
import io.onnxfleet.gateway.balancing.ReplicaLoadBalancer;
import io.onnxfleet.gateway.balancing.SlowOutliers;
import io.onnxfleet.gateway.client.ReplicaConnections;
import io.onnxfleet.gateway.fleet.FleetWatch;
import io.onnxfleet.gateway.inside.FleetIdentity;
import io.onnxfleet.gateway.load.InFlightRequests;
import io.onnxfleet.gateway.load.ReplicaLoads;
import io.onnxfleet.gateway.observability.GatewayMetrics;
import io.onnxfleet.gateway.probe.LifeProbes;
import io.onnxfleet.gateway.rollout.AnswerComparison;
import io.onnxfleet.gateway.rollout.RolloutProperties;
import io.onnxfleet.gateway.routing.RoutingProperties;
import io.onnxfleet.gateway.suspect.Suspects;
import java.util.concurrent.TimeUnit;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.ConnectionProvider;

/** Wires the way to the replicas. */
@Configuration(proxyBeanMethods = false)
class ForwardingConfiguration {

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

  /** Of calls; what the gateway itself asks replicas goes by {@link #replicaHttpClient}. */
  @Bean
  ReplicaConnections callConnections(RoutingProperties properties, FleetIdentity identity) {
    return ReplicaConnections.over(
        new ReplicaConnections.Limits(
            properties.maxConnections(),
            properties.maxPendingAcquires(),
            properties.connectTimeout(),
            properties.maxIdleTime(),
            properties.maxLifeTime()),
        identity.tls());
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

  /** One thread for every wait; starts with the first. */
  @Bean(destroyMethod = "stop")
  HashedWheelTimer hedgingTimer() {
    return new HashedWheelTimer(
        Thread.ofPlatform().name("hedging").daemon().factory(), 10, TimeUnit.MILLISECONDS);
  }

  @Bean
  Forwarding forwarding(
      FleetWatch watch,
      ReplicaLoadBalancer balancer,
      ReplicaConnections callConnections,
      FleetIdentity identity,
      InFlightRequests inFlight,
      ReplicaLoads loads,
      EjectedReplicas ejected,
      SlowOutliers outliers,
      Suspects suspects,
      LifeProbes lifeProbes,
      HashedWheelTimer hedgingTimer,
      GatewayMetrics metrics,
      RoutingProperties routing) {
    return new Forwarding(
        watch::current,
        balancer,
        new HttpReplicaClient(callConnections, identity::sign),
        inFlight,
        loads,
        ejected,
        outliers,
        new RetryBudget(routing.retryShare(), routing.retryBurst()),
        new HedgingDelay(routing),
        suspects,
        lifeProbes::lives,
        hedgingTimer,
        metrics,
        routing,
        System::nanoTime);
  }

  @Bean
  RolloutForwarding rolloutForwarding(
      Forwarding forwarding,
      HttpClient replicaHttpClient,
      ReplicaLoadBalancer balancer,
      InFlightRequests inFlight,
      EjectedReplicas ejected,
      Suspects suspects,
      LifeProbes lifeProbes,
      AnswerComparison comparison,
      RolloutProperties rollout) {
    int mostOfAnswer = (int) rollout.shadowAnswer().toBytes();
    return new RolloutForwarding(
        forwarding,
        new Shadows(
            replicaHttpClient,
            balancer,
            inFlight,
            ejected,
            suspects,
            lifeProbes::lives,
            comparison,
            mostOfAnswer,
            rollout.shadowsAtOnce()),
        mostOfAnswer,
        System::nanoTime);
  }
}
