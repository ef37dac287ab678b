package io.onnxfleet.inference.inside;

import io.onnxfleet.configuration.FleetDoor;
import io.onnxfleet.configuration.InsideProperties;
import io.onnxfleet.configuration.OpenDoorWarning;
import io.onnxfleet.contract.fleet.FleetCertificates;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.boot.web.server.ConfigurableWebServerFactory;
import org.springframework.boot.web.server.Ssl;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.cloud.configuration.TlsProperties;
import org.springframework.cloud.netflix.eureka.config.DiscoveryClientOptionalArgsConfiguration;
import org.springframework.cloud.netflix.eureka.http.EurekaClientHttpRequestFactorySupplier;
import org.springframework.cloud.netflix.eureka.http.RestClientDiscoveryClientOptionalArgs;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.web.client.RestClient;

/** Reads secret and certificates, and wires the door and the registry's client to them. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(InsideProperties.class)
class InsideConfiguration {
  /** The fleet's certificates, if it has any. */
  record Certificates(Optional<FleetCertificates> value) {}

  @Bean
  Certificates fleetCertificates(InsideProperties properties, SslBundles bundles) {
    return new Certificates(Optional.ofNullable(properties.tls().read(bundles)));
  }

  /**
   * With certificates this replica speaks TLS. It asks for one and does without: health is open.
   */
  @Bean
  WebServerFactoryCustomizer<ConfigurableWebServerFactory> tlsInside(InsideProperties properties) {
    return factory -> {
      if (properties.tls().isUsed()) {
        Ssl ssl = Ssl.forBundle(properties.tls().bundle());
        ssl.setClientAuth(Ssl.ClientAuth.WANT);
        factory.setSsl(ssl);
      }
    };
  }

  @Bean
  OpenDoorWarning openReplica(InsideProperties properties) {
    return new OpenDoorWarning(
        properties::isOpen,
        """
        OPEN TO EVERYBODY: this replica listens on {} and asks nobody who they are.
        Whoever reaches it may have models run, loaded and unloaded.
        Set fleet.secret (FLEET_SECRET), or fleet.secret-file, to the same value at gateways,
        replicas and registries: docs/operations.md, "The inside".
        """);
  }

  @Bean
  FleetDoor fleetDoor(InsideProperties properties, Environment environment) {
    List<String> hosts =
        Stream.of("eureka.instance.ip-address", "eureka.instance.hostname")
            .map(key -> property(environment, key))
            .filter(host -> host != null && !host.isBlank())
            .map(String::valueOf)
            .toList();
    return new FleetDoor(
        properties.read(),
        properties.tls().isUsed() ? properties.tls().gateways() : null,
        hosts,
        System::currentTimeMillis);
  }

  private static @Nullable String property(Environment environment, String key) {
    return environment.getProperty(key);
  }

  @Bean
  @ConditionalOnProperty(name = "eureka.client.enabled", matchIfMissing = true)
  RegistryRequests registryRequests(InsideProperties properties) {
    return new RegistryRequests(properties.read());
  }

  /** In place of the one that Spring Cloud makes, which knows no interceptors. */
  @Bean
  @ConditionalOnProperty(name = "eureka.client.enabled", matchIfMissing = true)
  RestClientDiscoveryClientOptionalArgs registryClient(
      RegistryRequests interceptor,
      InsideProperties properties,
      Certificates certificates,
      EurekaClientHttpRequestFactorySupplier requests,
      TlsProperties tls)
      throws GeneralSecurityException, IOException {
    RestClientDiscoveryClientOptionalArgs arguments =
        new RestClientDiscoveryClientOptionalArgs(
            requests, () -> RestClient.builder().requestInterceptor(interceptor));
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
