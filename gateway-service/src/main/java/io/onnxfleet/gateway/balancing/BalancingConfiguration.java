package io.onnxfleet.gateway.balancing;

import io.onnxfleet.gateway.balancing.policy.BalancingPolicy;
import io.onnxfleet.gateway.balancing.policy.LoadProbes;
import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.FleetWatch;
import io.onnxfleet.gateway.load.InFlightRequests;
import io.onnxfleet.gateway.load.ReplicaLoads;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Wires the balancer to the watched fleet. */
@Configuration(proxyBeanMethods = false)
class BalancingConfiguration {

  private static int random(int bound) {
    return ThreadLocalRandom.current().nextInt(bound);
  }

  @Bean
  InFlightRequests inFlightRequests() {
    return new InFlightRequests();
  }

  @Bean
  ReplicaLoads replicaLoads(BalancingProperties properties) {
    return new ReplicaLoads(properties.reportAge(), properties.reportUses(), System::nanoTime);
  }

  @Bean
  EjectedReplicas leftOutReplicas(BalancingProperties properties) {
    return new EjectedReplicas(properties, System::nanoTime);
  }

  @Bean
  SlowOutliers slowOutliers(
      ReplicaLoads loads, EjectedReplicas ejected, BalancingProperties properties) {
    return new SlowOutliers(loads, ejected, properties.slowFactor());
  }

  @Bean
  BalancingPolicy balancingPolicy(
      BalancingProperties properties,
      InFlightRequests inFlight,
      ReplicaLoads loads,
      LoadProbes probes) {
    BalancingPolicy policy =
        properties.policy().create(inFlight, loads, probes, BalancingConfiguration::random);
    return new ZonePreference(policy, loads, properties.zone(), properties.spillRatio());
  }

  @Bean
  ReplicaLoadBalancer replicaLoadBalancer(
      FleetWatch watch,
      InFlightRequests inFlight,
      ReplicaLoads loads,
      EjectedReplicas ejected,
      LoadProbes probes,
      BalancingPolicy policy,
      BalancingProperties properties) {
    SlowStart slowStart =
        new SlowStart(properties.slowStart(), System::nanoTime, BalancingConfiguration::random);
    watch.onChange(
        fleet -> {
          Map<String, String> processes = processes(fleet);
          inFlight.retain(processes.keySet());
          ejected.update(processes);
          loads.retain(processes.keySet(), fleet::knows);
          slowStart.update(fleet);
        });
    return new ReplicaLoadBalancer(
        watch::current, ejected, slowStart, inFlight, loads, probes, policy);
  }

  private static Map<String, String> processes(Fleet fleet) {
    Map<String, String> processes = new HashMap<>();
    fleet.vanished().forEach(replica -> processes.put(replica.id(), replica.process()));
    fleet.registered().forEach(replica -> processes.put(replica.id(), replica.process()));
    return processes;
  }
}
