package io.onnxfleet.gateway.family;

import io.micrometer.core.instrument.MeterRegistry;
import io.onnxfleet.gateway.admission.ModelAdmission;
import io.onnxfleet.gateway.balancing.ReplicaLoadBalancer;
import io.onnxfleet.gateway.fleet.FleetWatch;
import io.onnxfleet.gateway.load.ReplicaLoads;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Wires the choice among variants. */
@Configuration(proxyBeanMethods = false)
class FamilyConfiguration {

  @Bean
  VariantEstimates variantEstimates(
      ModelAdmission admission, ReplicaLoadBalancer balancer, ReplicaLoads loads) {
    return new VariantEstimates(admission, balancer, loads);
  }

  @Bean
  VariantChoice variantChoice(
      FleetWatch watch, FamilyProperties properties, MeterRegistry registry) {
    VariantChoice choice =
        new VariantChoice(
            watch::current, properties, new FamilyMetrics(registry), System::nanoTime);
    watch.onChange(choice::changed);
    return choice;
  }
}
