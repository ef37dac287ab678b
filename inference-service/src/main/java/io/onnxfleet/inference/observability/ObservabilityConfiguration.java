package io.onnxfleet.inference.observability;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.inference.load.ReplicaLoad;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.Properties;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;

/** Wires meters and health. */
@Configuration(proxyBeanMethods = false)
class ObservabilityConfiguration {
  @Bean
  @Primary
  EngineMetrics engineMetrics(MeterRegistry registry, ReplicaLoad load) {
    return new SharedEngineMetrics(new EngineMeters(registry), load);
  }

  @Bean
  MemoryMeters memoryMeters(InferenceEngine engine) {
    return new MemoryMeters(engine.bufferPool(), engine.runMemory());
  }

  @Bean
  TritonCounters prometheusEndpoint(PrometheusRegistry registry, PrometheusConfig config) {
    Properties exposition = config.prometheusProperties();
    return new TritonCounters(registry, exposition == null ? new Properties() : exposition);
  }

  @Bean
  QuarantineMeters quarantineMeters(InferenceEngine engine) {
    return new QuarantineMeters(engine);
  }

  /** Named {@code models} in the health endpoint. */
  @Bean
  HealthIndicator modelsHealthIndicator(InferenceEngine engine) {
    return new ModelsHealth(engine);
  }
}
