package io.onnxfleet.gateway.inside;

import io.onnxfleet.configuration.InsideProperties;
import io.onnxfleet.configuration.RegistryCredentials;
import io.onnxfleet.contract.fleet.FleetCertificates;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.util.Optional;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.cloud.configuration.TlsProperties;
import org.springframework.cloud.netflix.eureka.config.DiscoveryClientOptionalArgsConfiguration;
import org.springframework.cloud.netflix.eureka.http.EurekaClientHttpRequestFactorySupplier;
import org.springframework.cloud.netflix.eureka.http.RestClientDiscoveryClientOptionalArgs;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.client.RestClient;

/** Reads secret and certificates once and shows them to registry and replicas. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(InsideProperties.class)
class InsideConfiguration {

  /** The fleet's certificates, if it has any. */
  record Certificates(Optional<FleetCertificates> value) {}

  @Bean
  Certificates fleetCertificates(InsideProperties properties, SslBundles bundles) {
    return new Certificates(Optional.ofNullable(properties.tls().read(bundles)));
  }

  @Bean
  FleetIdentity fleetIdentity(InsideProperties properties, Certificates certificates) {
    return new FleetIdentity(
        new RequestSigning(properties.read(), System::currentTimeMillis),
        certificates.value().orElse(null),
        properties.tls().replicas(),
        properties.tls().jobs());
  }

  /** In place of the one that Spring Cloud makes, which knows no interceptors. */
  @Bean
  @ConditionalOnProperty(name = "eureka.client.enabled", matchIfMissing = true)
  RestClientDiscoveryClientOptionalArgs registryClient(
      InsideProperties properties,
      Certificates certificates,
      EurekaClientHttpRequestFactorySupplier requests,
      TlsProperties tls)
      throws GeneralSecurityException, IOException {
    RegistryCredentials credentials = new RegistryCredentials(properties.read());
    RestClientDiscoveryClientOptionalArgs arguments =
        new RestClientDiscoveryClientOptionalArgs(
            requests, () -> RestClient.builder().requestInterceptor(credentials));
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
}
