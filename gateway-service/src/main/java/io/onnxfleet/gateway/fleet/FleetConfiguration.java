package io.onnxfleet.gateway.fleet;

import com.netflix.discovery.EurekaClient;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.cloud.client.discovery.event.HeartbeatEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Wires the watch to the registry client. */
@Configuration(proxyBeanMethods = false)
class FleetConfiguration {

  @Bean
  FleetWatch fleetWatch(DiscoveryClient registry, FleetProperties properties) {
    return new FleetWatch(registry, properties, System::nanoTime);
  }

  /** The registry's client tells when it has fetched: no need to wait for the next look. */
  @Bean
  ApplicationListener<HeartbeatEvent> registryFetches(FleetWatch watch) {
    return event -> watch.lookSoon();
  }

  /** Named {@code registry} in the health endpoint. */
  @Bean
  HealthIndicator registryHealthIndicator(ObjectProvider<EurekaClient> clients) {
    return RegistryHealth.of(clients);
  }
}
