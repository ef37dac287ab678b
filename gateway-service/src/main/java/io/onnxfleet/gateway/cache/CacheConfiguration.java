package io.onnxfleet.gateway.cache;

import io.micrometer.core.instrument.MeterRegistry;
import io.onnxfleet.gateway.fleet.FleetWatch;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Wires the cache to the watched fleet. */
@Configuration(proxyBeanMethods = false)
class CacheConfiguration {

  @Bean
  ResponseCache responseCache(
      CacheProperties properties, MeterRegistry registry, FleetWatch watch) {
    ResponseCache cache =
        new ResponseCache(properties, watch::current, new CacheMetrics(registry), System::nanoTime);
    watch.onChange(cache::changed);
    return cache;
  }
}
