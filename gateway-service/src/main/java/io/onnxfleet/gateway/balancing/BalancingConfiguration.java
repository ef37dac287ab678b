package io.onnxfleet.gateway.balancing;

import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.FleetWatch;
import io.onnxfleet.gateway.fleet.Replica;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Wires the balancer to the watched fleet. */
@Configuration(proxyBeanMethods = false)
class BalancingConfiguration {

  @Bean
  InFlightRequests inFlightRequests() {
    return new InFlightRequests();
  }

  @Bean
  LeftOutReplicas leftOutReplicas(BalancingProperties properties) {
    return new LeftOutReplicas(properties, System::nanoTime);
  }

  @Bean
  BalancingPolicy balancingPolicy(InFlightRequests inFlight) {
    return new PowerOfTwoChoices(inFlight, bound -> ThreadLocalRandom.current().nextInt(bound));
  }

  @Bean
  ReplicaLoadBalancer replicaLoadBalancer(
      FleetWatch watch,
      InFlightRequests inFlight,
      LeftOutReplicas leftOut,
      BalancingPolicy policy) {
    watch.onChange(
        fleet -> {
          Set<String> present = ids(fleet);
          inFlight.retain(present);
          leftOut.retain(present);
        });
    return new ReplicaLoadBalancer(watch::current, leftOut, policy);
  }

  private static Set<String> ids(Fleet fleet) {
    Set<String> ids = new HashSet<>();
    for (Replica replica : fleet.registered()) {
      ids.add(replica.id());
    }
    for (Replica replica : fleet.vanished()) {
      ids.add(replica.id());
    }
    return ids;
  }
}
