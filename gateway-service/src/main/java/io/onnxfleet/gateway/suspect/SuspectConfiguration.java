package io.onnxfleet.gateway.suspect;

import io.micrometer.core.instrument.MeterRegistry;
import io.onnxfleet.gateway.balancing.EjectedReplicas;
import io.onnxfleet.gateway.fleet.FleetWatch;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Wires the suspects to the watched fleet. */
@Configuration(proxyBeanMethods = false)
class SuspectConfiguration {

  @Bean
  Suspects suspects(FleetWatch watch, EjectedReplicas ejected, MeterRegistry registry) {
    Suspects suspects =
        new Suspects(
            watch::current, ejected::isEjected, new SuspectMetrics(registry), System::nanoTime);
    watch.onChange(suspects::update);
    return suspects;
  }
}
