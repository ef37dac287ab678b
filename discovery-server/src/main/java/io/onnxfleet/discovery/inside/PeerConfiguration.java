package io.onnxfleet.discovery.inside;

import com.netflix.discovery.Jersey3DiscoveryClientOptionalArgs;
import io.onnxfleet.configuration.InsideProperties;
import io.onnxfleet.contract.fleet.FleetSecret;
import jakarta.ws.rs.client.ClientRequestFilter;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.util.List;
import org.springframework.cloud.configuration.TlsProperties;
import org.springframework.cloud.netflix.eureka.config.DiscoveryClientOptionalArgsConfiguration;
import org.springframework.cloud.netflix.eureka.server.ReplicationClientAdditionalFilters;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Registries that copy each other show each other the fleet's credentials, both ways they ask. */
@Configuration(proxyBeanMethods = false)
class PeerConfiguration {

  @Bean
  ReplicationClientAdditionalFilters copiesToPeers(InsideProperties properties) {
    return new ReplicationClientAdditionalFilters(filters(properties));
  }

  @Bean
  Jersey3DiscoveryClientOptionalArgs questionsToPeers(
      InsideProperties properties, TlsProperties tls) throws GeneralSecurityException, IOException {
    Jersey3DiscoveryClientOptionalArgs arguments = new Jersey3DiscoveryClientOptionalArgs();
    arguments.setAdditionalFilters(filters(properties));
    DiscoveryClientOptionalArgsConfiguration.setupTLS(arguments, tls);
    return arguments;
  }

  private static List<ClientRequestFilter> filters(InsideProperties properties) {
    FleetSecret secret = properties.read();
    return secret == null ? List.of() : List.of(new PeerCredentials(secret));
  }
}
