package io.onnxfleet.gateway.probe;

import io.netty.channel.ChannelOption;
import io.onnxfleet.gateway.balancing.BalancingProperties;
import io.onnxfleet.gateway.balancing.EjectedReplicas;
import io.onnxfleet.gateway.fleet.FleetWatch;
import io.onnxfleet.gateway.inside.FleetIdentity;
import io.onnxfleet.gateway.load.ReplicaLoads;
import io.onnxfleet.gateway.routing.RoutingProperties;
import io.onnxfleet.gateway.suspect.Suspects;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.netty.http.client.HttpClient;

/** Wires what asks replicas how they are. */
@Configuration(proxyBeanMethods = false)
class ProbeConfiguration {

  @Bean
  LifeProbes lifeProbes(RoutingProperties properties, FleetIdentity identity) {
    return new LifeProbes(
        identity.clientOf(
            HttpClient.newConnection()
                .disableRetry(true)
                .option(
                    ChannelOption.CONNECT_TIMEOUT_MILLIS,
                    (int) properties.connectTimeout().toMillis())));
  }

  @Bean
  LeavingProbes leavingProbes(HttpClient replicaHttpClient, FleetWatch watch) {
    LeavingProbes probes = new LeavingProbes(replicaHttpClient, watch::gone);
    watch.onVanished(probes::ask);
    return probes;
  }

  @Bean
  HttpLoadProbes loadProbes(
      HttpClient replicaHttpClient,
      ReplicaLoads loads,
      EjectedReplicas ejected,
      ObjectProvider<Suspects> suspects,
      BalancingProperties balancing) {
    return new HttpLoadProbes(
        replicaHttpClient,
        loads,
        ejected,
        leaving -> suspects.ifAvailable(known -> known.leaves(leaving)),
        balancing.maxProbesPerSecond(),
        System::nanoTime);
  }
}
