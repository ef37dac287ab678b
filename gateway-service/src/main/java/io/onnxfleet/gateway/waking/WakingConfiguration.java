package io.onnxfleet.gateway.waking;

import io.micrometer.core.instrument.MeterRegistry;
import io.onnxfleet.gateway.fleet.FleetWatch;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Wires the waiting to the fleet that is waited for. */
@Configuration(proxyBeanMethods = false)
class WakingConfiguration {

  @Bean
  WakingQueue wakingQueue(FleetWatch watch, WakingProperties properties, MeterRegistry registry) {
    return new WakingQueue(watch, properties, registry);
  }
}
