package io.onnxfleet.gateway.steps;

import io.onnxfleet.gateway.admission.AdmissionProperties;
import io.onnxfleet.gateway.admission.ByteBudget;
import io.onnxfleet.gateway.admission.ModelAdmission;
import io.onnxfleet.gateway.aggregate.FleetAnswers;
import io.onnxfleet.gateway.aggregate.UnreadyModels;
import io.onnxfleet.gateway.body.RequestBodies;
import io.onnxfleet.gateway.body.WastedBytes;
import io.onnxfleet.gateway.cache.ResponseCache;
import io.onnxfleet.gateway.forwarding.RolloutForwarding;
import io.onnxfleet.gateway.jobs.JobForwarding;
import io.onnxfleet.gateway.routing.Destinations;
import io.onnxfleet.gateway.routing.ModelSearch;
import io.onnxfleet.gateway.routing.RoutingProperties;
import io.onnxfleet.gateway.waking.WakingQueue;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.core.scheduler.Scheduler;

/** Wires the steps of calls. */
@Configuration(proxyBeanMethods = false)
class StepsConfiguration {

  @Bean
  RequestBodies requestBodies(
      ByteBudget keptBodies, AdmissionProperties admission, RoutingProperties routing) {
    return new RequestBodies(
        keptBodies, admission.maxBodySize().toBytes(), routing.replayLimit().toBytes());
  }

  @Bean
  WastedBytes wastedBytes(AdmissionProperties admission) {
    return new WastedBytes(admission.wastedBytes().toBytes(), System::nanoTime);
  }

  @Bean
  Calls calls(
      WakingQueue waking,
      Destinations destinations,
      ModelSearch search,
      RequestBodies bodies,
      WastedBytes wasted,
      ResponseCache cache,
      @Qualifier("parsing") Scheduler parsing,
      ModelAdmission admission,
      RolloutForwarding forwarding,
      FleetAnswers answers,
      UnreadyModels unready,
      JobForwarding jobs) {
    return new Calls(
        new CallSteps(
            waking,
            destinations,
            search,
            bodies,
            wasted,
            cache,
            parsing,
            admission,
            forwarding,
            System::nanoTime),
        answers,
        unready,
        jobs);
  }
}
