package io.onnxfleet.gateway.suspect;

import io.micrometer.core.instrument.MeterRegistry;
import io.onnxfleet.gateway.balancing.LeftOutReplicas;
import io.onnxfleet.gateway.fleet.FleetWatch;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Wires the suspects to the watched fleet. */
@Configuration(proxyBeanMethods = false)
class SuspectConfiguration {

  @Bean
  Suspects suspects(FleetWatch watch, LeftOutReplicas leftOut, MeterRegistry registry) {
    Suspects suspects =
        new Suspects(
            watch::current, leftOut::isLeftOut, new SuspectMetrics(registry), System::nanoTime);
    watch.onChange(suspects::update);
    return suspects;
  }
}
