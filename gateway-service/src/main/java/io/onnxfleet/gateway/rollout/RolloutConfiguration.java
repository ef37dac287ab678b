package io.onnxfleet.gateway.rollout;

import io.micrometer.core.instrument.MeterRegistry;
import io.onnxfleet.gateway.fleet.FleetWatch;
import java.util.concurrent.ThreadLocalRandom;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Wires the rollouts. */
@Configuration(proxyBeanMethods = false)
class RolloutConfiguration {

  @Bean
  Rollouts rollouts(FleetWatch watch, RolloutProperties properties, MeterRegistry registry) {
    return new Rollouts(
        watch::current,
        properties,
        new RolloutMetrics(registry),
        () -> ThreadLocalRandom.current().nextDouble(),
        System::nanoTime);
  }

  @Bean
  AnswerComparison answerComparison(RolloutProperties properties) {
    return new AnswerComparison(properties.tolerance());
  }
}
