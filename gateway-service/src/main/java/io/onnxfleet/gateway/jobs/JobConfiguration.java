package io.onnxfleet.gateway.jobs;

import io.netty.channel.ChannelOption;
import io.onnxfleet.gateway.admission.AdmissionProperties;
import io.onnxfleet.gateway.fleet.FleetProperties;
import io.onnxfleet.gateway.inside.FleetIdentity;
import io.onnxfleet.gateway.security.JobProperties;
import java.security.SecureRandom;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.web.server.WebFilterChainProxy;
import reactor.netty.http.client.HttpClient;

/** Wires what passes calls on to the job service. */
@Configuration(proxyBeanMethods = false)
class JobConfiguration {

  @Bean
  JobForwarding jobForwarding(
      DiscoveryClient registry,
      JobProperties properties,
      AdmissionProperties admission,
      FleetProperties fleet,
      FleetIdentity identity,
      ObjectProvider<WebFilterChainProxy> chains) {
    // A connection for each call: what is streamed cannot be sent again where a kept one has ended.
    HttpClient client =
        HttpClient.newConnection()
            .option(
                ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) properties.connectTimeout().toMillis())
            .disableRetry(true);
    return new JobForwarding(
        new JobServices(
            registry,
            properties.serviceName(),
            fleet.replicaNetworks(),
            identity.usesTls(),
            new SecureRandom()),
        identity.clientOfJobs(client),
        identity.hasSecret(),
        () -> chains.stream().findAny().isPresent(),
        properties,
        admission.maxBodySize().toBytes());
  }
}
