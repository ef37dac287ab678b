package io.onnxfleet.gateway.routing;

import io.onnxfleet.gateway.admission.AdmissionProperties;
import io.onnxfleet.gateway.admission.ByteBudget;
import io.onnxfleet.gateway.family.VariantChoice;
import io.onnxfleet.gateway.family.VariantEstimates;
import io.onnxfleet.gateway.fleet.FleetWatch;
import io.onnxfleet.gateway.rollout.Rollouts;
import io.onnxfleet.gateway.suspect.Suspects;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** Wires what finds out where calls go. */
@Configuration(proxyBeanMethods = false)
class RoutingConfiguration {

  private static final int MOST_WAITING_FOR_SEARCH = 1024;

  /** One thread, which rests more than it works. */
  @Bean(destroyMethod = "dispose")
  Scheduler thoroughSearch() {
    return Schedulers.newBoundedElastic(1, MOST_WAITING_FOR_SEARCH, "search");
  }

  @Bean
  ModelSearch modelSearch(
      ModelProperties models,
      AdmissionProperties admission,
      @Qualifier("parsing") Scheduler parsing,
      @Qualifier("thoroughSearch") Scheduler thorough) {
    return new ModelSearch(
        new RequestedModel(models.defaultModel(), admission.maxBodySize().toBytes()),
        new ByteBudget(admission.inflatedBodies().toBytes()),
        parsing,
        thorough,
        System::nanoTime);
  }

  @Bean
  Destinations destinations(
      VariantChoice variants,
      VariantEstimates estimates,
      Rollouts rollouts,
      Suspects suspects,
      FleetWatch watch) {
    return new Destinations(variants, estimates, rollouts, suspects, watch::current);
  }
}
