package io.onnxfleet.gateway.observability;

import io.micrometer.core.instrument.MeterRegistry;
import io.onnxfleet.gateway.failure.ErrorResponses;
import java.util.concurrent.ThreadLocalRandom;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Wires clock, randomness and meters. */
@Configuration(proxyBeanMethods = false)
class ObservabilityConfiguration {

  @Bean
  GatewayMetrics gatewayMetrics(MeterRegistry registry) {
    return new GatewayMetrics(registry);
  }

  @Bean
  RequestTraceFilter requestTraceFilter(ErrorResponses errors, GatewayMetrics metrics) {
    return new RequestTraceFilter(
        new RequestIdentity(() -> ThreadLocalRandom.current().nextLong()),
        errors,
        metrics,
        System::nanoTime);
  }
}
