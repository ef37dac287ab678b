package io.onnxfleet.inference.lifecycle;

import com.netflix.appinfo.EurekaInstanceConfig;
import com.netflix.discovery.EurekaClient;
import io.onnxfleet.configuration.InsideProperties;
import io.onnxfleet.contract.fleet.MetadataKeys;
import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.inference.configuration.InferenceProperties;
import io.onnxfleet.inference.inside.RegistryRequests;
import io.onnxfleet.inference.source.FetchedModels;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.cloud.netflix.eureka.EurekaInstanceConfigBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Lazy;
import org.springframework.core.env.Environment;

/** Wires the engine and the replica's life around it. */
@Configuration(proxyBeanMethods = false)
class LifecycleConfiguration {
  private static final Logger log = LoggerFactory.getLogger(LifecycleConfiguration.class);

  /** Before the registry is told again what it could not be told. */
  private static final Duration RETRY_PAUSE = Duration.ofSeconds(1);

  /** How often it is looked at what other replicas found out. */
  private static final Duration LOOK_INTERVAL = Duration.ofSeconds(2);

  /** Kept from others that would make room for as long as this replica runs. */
  @Bean(destroyMethod = "close")
  FetchedModels fetchedModels(InferenceProperties properties) {
    return properties.fetch();
  }

  /** Closed when everything that uses it is. */
  @Bean(destroyMethod = "close")
  InferenceEngine inferenceEngine(
      InferenceProperties properties, FetchedModels fetched, EngineMetrics metrics) {
    return InferenceEngine.create(properties.engineOptions(fetched.folders()), metrics);
  }

  /** Models load from here on, while the rest of the context starts. */
  @Bean
  InitialLoad initialLoad(InferenceEngine engine) {
    log.info("loading the models of {}", engine.options().repository().folder());
    return new InitialLoad(
        engine
            .start()
            .whenComplete(
                (done, failure) -> {
                  if (failure != null) {
                    log.error("the models could not be loaded", failure);
                  }
                }));
  }

  @Bean
  Admission admission() {
    return new Admission();
  }

  @Bean
  ReplicaId replicaId(Environment environment) {
    return new ReplicaId(environment.getProperty("eureka.instance.instance-id", "replica"));
  }

  /** Lazy: the port is known once the web server listens. */
  @Bean
  @Lazy
  @ConditionalOnProperty(name = "eureka.client.enabled", matchIfMissing = true)
  PromptInstance promptInstance(EurekaInstanceConfig config) {
    return new PromptInstance(config);
  }

  @Bean
  @ConditionalOnProperty(name = "eureka.client.enabled", matchIfMissing = true)
  RegistryMembership registryMembership(
      EurekaInstanceConfigBean instance,
      ObjectProvider<PromptInstance> info,
      ObjectProvider<EurekaClient> client,
      RegistryRequests requests,
      InsideProperties inside) {
    return new RegistryMembership(instance, info, client, requests, inside.tls().isUsed());
  }

  @Bean
  Readiness readiness(
      InferenceEngine engine, Admission admission, ObjectProvider<RegistryMembership> registry) {
    return new Readiness(engine, admission, Optional.ofNullable(registry.getIfAvailable()));
  }

  /** Named {@code registry} in the health endpoint. */
  @Bean
  HealthIndicator registryHealthIndicator(ObjectProvider<RegistryMembership> registry) {
    return new RegistryHealth(Optional.ofNullable(registry.getIfAvailable()));
  }

  /**
   * A replica joins once models are READY, and stays, even with nothing READY: it can load more.
   */
  @Bean(destroyMethod = "close")
  Announcer announcer(
      InferenceEngine engine,
      ObjectProvider<RegistryMembership> registry,
      WebServerApplicationContext context) {
    RegistryMembership membership = registry.getIfAvailable();
    return new Announcer(
        () -> RegistryMetadata.of(engine, context.getStartupDate()),
        metadata -> {
          if (membership == null) {
            return;
          }
          if (membership.isMember()) {
            membership.update(metadata);
          } else if (engine.isReady()) {
            membership.join(Objects.requireNonNull(context.getWebServer()).getPort(), metadata);
          }
        },
        RETRY_PAUSE);
  }

  @Bean(destroyMethod = "close")
  @ConditionalOnProperty(name = "eureka.client.enabled", matchIfMissing = true)
  SharedFindings sharedFindings(InferenceEngine engine, RegistryMembership membership) {
    SharedFindings findings =
        new SharedFindings(() -> membership.entries(MetadataKeys.UNMERGEABLE), engine::stopMerging);
    findings.start(LOOK_INTERVAL);
    return findings;
  }

  @Bean
  ReplicaLifecycle replicaLifecycle(
      InferenceEngine engine,
      InitialLoad initialLoad,
      Admission admission,
      ObjectProvider<RegistryMembership> registry,
      Announcer announcer,
      InferenceProperties properties) {
    return new ReplicaLifecycle(
        engine,
        initialLoad,
        admission,
        Optional.ofNullable(registry.getIfAvailable()),
        announcer,
        properties);
  }
}
