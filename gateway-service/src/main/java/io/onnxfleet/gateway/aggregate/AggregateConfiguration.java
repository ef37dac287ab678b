package io.onnxfleet.gateway.aggregate;

import io.onnxfleet.gateway.admission.ByteBudget;
import io.onnxfleet.gateway.balancing.EjectedReplicas;
import io.onnxfleet.gateway.family.VariantEstimates;
import io.onnxfleet.gateway.fleet.FleetWatch;
import io.onnxfleet.gateway.rollout.Rollouts;
import io.onnxfleet.gateway.security.AuditLog;
import io.onnxfleet.gateway.security.chain.FailureLimit;
import io.onnxfleet.gateway.suspect.Suspects;
import java.time.Duration;
import java.util.Objects;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.core.scheduler.Scheduler;
import reactor.netty.http.client.HttpClient;
import tools.jackson.databind.json.JsonMapper;

/** Wires the fleet's own answers. */
@Configuration(proxyBeanMethods = false)
class AggregateConfiguration {

  /** Several rounds of a replica's and of this gateway's with the registry. */
  private static final Duration REGISTRY_TELLS_WITHIN = Duration.ofSeconds(10);

  @Bean
  UnreadyModels unreadyModels(
      FleetWatch watch,
      HttpClient replicaHttpClient,
      JsonMapper json,
      @Qualifier("parsing") Scheduler parsing,
      AggregateProperties aggregate) {
    return new UnreadyModels(
        watch, new ReplicaQueries(replicaHttpClient), json, parsing, aggregate.timeout());
  }

  @Bean
  FleetAnswers fleetAnswers(
      FleetWatch watch,
      EjectedReplicas ejected,
      HttpClient replicaHttpClient,
      VariantEstimates estimates,
      Rollouts rollouts,
      Suspects suspects,
      AuditLog audit,
      FailureLimit failures,
      ByteBudget keptBodies,
      @Qualifier("parsing") Scheduler parsing,
      JsonMapper json,
      AggregateProperties aggregate,
      AdministrationProperties administration) {
    ReplicaQueries queries = new ReplicaQueries(replicaHttpClient);
    return new FleetAnswers(
        watch,
        ejected,
        queries,
        new ModelChanges(
            queries,
            new FleetSettlement(queries, watch, json, REGISTRY_TELLS_WITHIN),
            model -> {
              suspects.lift(model);
              watch.lift(model);
            },
            administration.timeout()),
        estimates,
        suspects,
        new RolloutChanges(rollouts, json),
        new Administration(audit, failures, administration.token()),
        keptBodies,
        parsing,
        json,
        aggregate.timeout(),
        Objects.requireNonNullElse(
            AggregateConfiguration.class.getPackage().getImplementationVersion(), "development"));
  }
}
