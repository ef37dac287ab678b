package io.onnxfleet.inference.observability;

import io.micrometer.core.instrument.MeterRegistry;
import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.metrics.EngineMetrics;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Wires meters and health. */
@Configuration(proxyBeanMethods = false)
class ObservabilityConfiguration {
  @Bean
  EngineMetrics engineMetrics(MeterRegistry registry) {
    return new EngineMeters(registry);
  }

  @Bean
  TensorMemoryMeters tensorMemoryMeters(InferenceEngine engine) {
    return new TensorMemoryMeters(engine.bufferPool());
  }

  /** Named {@code models} in the health endpoint. */
  @Bean
  HealthIndicator modelsHealthIndicator(InferenceEngine engine) {
    return new ModelsHealth(engine);
  }
}
