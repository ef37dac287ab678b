package io.onnxfleet.gateway.registry;

import com.netflix.discovery.EurekaClient;
import io.onnxfleet.gateway.fleet.FleetProperties;
import io.onnxfleet.gateway.fleet.FleetWatch;
import io.onnxfleet.gateway.inside.FleetIdentity;
import java.time.Duration;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.cloud.client.discovery.event.HeartbeatEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import reactor.netty.http.client.HttpClient;
import tools.jackson.databind.json.JsonMapper;

/** Wires the watch to where replicas are listed. */
@Configuration(proxyBeanMethods = false)
class FleetConfiguration {

  private static final Logger LOGGER = LoggerFactory.getLogger(FleetConfiguration.class);

  @Bean(destroyMethod = "close")
  ReplicaSource replicaSource(
      DiscoveryClient registry,
      ObjectProvider<EurekaClient> clients,
      FleetProperties properties,
      DnsProperties dns,
      HttpClient replicaHttpClient,
      FleetIdentity identity,
      JsonMapper json,
      Environment environment) {
    if (!dns.isAsked()) {
      return new ReplicaSource(
          registry,
          () -> RegistryHealth.sinceAnswer(clients.getIfAvailable()),
          environment.getProperty("eureka.client.service-url.defaultZone", ""),
          () -> {});
    }
    if (environment.getProperty("eureka.client.enabled", Boolean.class, true)) {
      throw new IllegalArgumentException(
          "fleet.gateway.dns.name: '%s' (expected: with eureka.client.enabled=false, or empty)"
              .formatted(dns.name()));
    }
    DnsLookup lookup = new DnsLookup(dns);
    DnsReplicas replicas =
        new DnsReplicas(
            lookup,
            replicaHttpClient,
            identity.usesTls(),
            json,
            dns,
            properties.serviceName(),
            System::nanoTime);
    replicas.start();
    return new ReplicaSource(
        replicas,
        replicas::sinceAnswerMillis,
        "DNS, " + dns.name(),
        () -> {
          replicas.close();
          lookup.close();
        });
  }

  @Bean
  FleetWatch fleetWatch(ReplicaSource source, FleetProperties properties, FleetIdentity identity) {
    return new FleetWatch(source.client(), properties, identity.usesTls(), System::nanoTime);
  }

  /** Looks with the watch. */
  @Bean
  RegistrySilence registrySilence(FleetWatch watch, ReplicaSource source) {
    RegistrySilence silence =
        new RegistrySilence(
            source.sinceAnswerMillis(),
            source.address(),
            LOGGER::warn,
            LOGGER::info,
            System.nanoTime());
    watch.onLook(() -> silence.look(System.nanoTime()));
    return silence;
  }

  /** Looks with the watch. */
  @Bean
  LateRegistry lateRegistry(
      FleetWatch watch,
      ReplicaSource source,
      DnsProperties dns,
      HttpClient replicaHttpClient,
      JsonMapper json,
      Environment environment) {
    LateRegistry late =
        new LateRegistry(
            replicaHttpClient,
            json,
            () -> watch.current().registered(),
            watch::told,
            // Behind DNS they are asked themselves anyway.
            () -> dns.isAsked() ? OptionalLong.empty() : source.sinceAnswerMillis().get(),
            Duration.ofSeconds(
                environment.getProperty(
                    "eureka.client.registry-fetch-interval-seconds", Long.class, 1L)),
            System::nanoTime);
    watch.onLook(late::look);
    return late;
  }

  /** The registry's client tells when it has fetched: no need to wait for the next look. */
  @Bean
  ApplicationListener<HeartbeatEvent> registryFetches(FleetWatch watch) {
    return event -> watch.lookSoon();
  }

  /** Named {@code registry} in the health endpoint. */
  @Bean
  HealthIndicator registryHealthIndicator(ReplicaSource source) {
    return new RegistryHealth(source.sinceAnswerMillis());
  }
}
