package io.onnxfleet.discovery.inside;

import com.netflix.appinfo.ApplicationInfoManager;
import com.netflix.discovery.EurekaClientConfig;
import com.netflix.discovery.Jersey3DiscoveryClientOptionalArgs;
import com.netflix.eureka.EurekaServerConfig;
import com.netflix.eureka.cluster.PeerEurekaNodes;
import com.netflix.eureka.registry.PeerAwareInstanceRegistry;
import com.netflix.eureka.resources.ServerCodecs;
import io.onnxfleet.configuration.InsideProperties;
import io.onnxfleet.contract.fleet.FleetCertificates;
import io.onnxfleet.contract.fleet.FleetSecret;
import jakarta.ws.rs.client.ClientRequestFilter;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.util.List;
import java.util.Optional;
import org.springframework.boot.autoconfigure.condition.ConditionalOnExpression;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.cloud.configuration.TlsProperties;
import org.springframework.cloud.netflix.eureka.config.DiscoveryClientOptionalArgsConfiguration;
import org.springframework.cloud.netflix.eureka.server.ReplicationClientAdditionalFilters;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Registries that copy each other show each other the fleet's credentials and certificates, both
 * ways they ask.
 */
@Configuration(proxyBeanMethods = false)
class PeerConfiguration {

  /** The fleet's certificates, if it has any. */
  record Certificates(Optional<FleetCertificates> value) {}

  @Bean
  Certificates fleetCertificates(InsideProperties properties, SslBundles bundles) {
    return new Certificates(Optional.ofNullable(properties.tls().read(bundles)));
  }

  @Bean
  ReplicationClientAdditionalFilters copiesToPeers(InsideProperties properties) {
    return new ReplicationClientAdditionalFilters(filters(properties));
  }

  /** In place of Spring Cloud's, whose client knows no certificates of its own. */
  @Bean
  @ConditionalOnExpression("!'${fleet.tls.bundle:}'.isBlank()")
  PeerEurekaNodes peersByTls(
      PeerAwareInstanceRegistry registry,
      EurekaServerConfig server,
      EurekaClientConfig client,
      ServerCodecs codecs,
      ApplicationInfoManager self,
      Certificates certificates,
      InsideProperties properties) {
    return new TlsPeers(
        registry,
        server,
        client,
        codecs,
        self,
        certificates.value().orElseThrow().clientOf(properties.tls().registries()),
        filters(properties));
  }

  @Bean
  Jersey3DiscoveryClientOptionalArgs questionsToPeers(
      InsideProperties properties, Certificates certificates, TlsProperties tls)
      throws GeneralSecurityException, IOException {
    Jersey3DiscoveryClientOptionalArgs arguments = new Jersey3DiscoveryClientOptionalArgs();
    arguments.setAdditionalFilters(filters(properties));
    DiscoveryClientOptionalArgsConfiguration.setupTLS(arguments, tls);
    certificates
        .value()
        .ifPresent(
            known -> {
              arguments.setSSLContext(known.clientOf(properties.tls().registries()));
              // The context has looked at the registry's name, wherever it is.
              arguments.setHostnameVerifier((host, session) -> true);
            });
    return arguments;
  }

  private static List<ClientRequestFilter> filters(InsideProperties properties) {
    FleetSecret secret = properties.read();
    return secret == null ? List.of() : List.of(new PeerCredentials(secret));
  }
}
