package io.onnxfleet.jobs.inside;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.onnxfleet.configuration.FleetDoor;
import io.onnxfleet.configuration.InsideProperties;
import io.onnxfleet.configuration.OpenDoorWarning;
import io.onnxfleet.configuration.RegistryCredentials;
import io.onnxfleet.contract.fleet.FleetCertificates;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.boot.web.server.ConfigurableWebServerFactory;
import org.springframework.boot.web.server.Ssl;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.cloud.configuration.TlsProperties;
import org.springframework.cloud.netflix.eureka.config.DiscoveryClientOptionalArgsConfiguration;
import org.springframework.cloud.netflix.eureka.http.EurekaClientHttpRequestFactorySupplier;
import org.springframework.cloud.netflix.eureka.http.RestClientDiscoveryClientOptionalArgs;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.core.env.Environment;
import org.springframework.web.client.RestClient;

/** Reads secret and certificates, and wires the door and the registry's client to them. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(InsideProperties.class)
class InsideConfiguration {

  /**
   * With certificates this process speaks TLS. It asks for one and does without: health is open.
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
  OpenDoorWarning openJobService(InsideProperties properties) {
    return new OpenDoorWarning(
        properties::isOpen,
        """
        OPEN TO EVERYBODY: this job service listens on {} and asks nobody who they are.
        Whoever reaches it may read and delete everybody's files and batches.
        Set fleet.secret (FLEET_SECRET), or fleet.secret-file, to the same value at gateways,
        replicas, registries and job services: docs/operations.md, "The inside".
        """);
  }

  @Bean
  FilterRegistrationBean<OwnerFilter> ownerFilter(
      InsideProperties properties, Environment environment, MeterRegistry meters) {
    List<String> hosts = new ArrayList<>();
    for (String key : List.of("eureka.instance.ip-address", "eureka.instance.hostname")) {
      String host = environment.getProperty(key, "");
      if (!host.isBlank()) {
        hosts.add(host);
      }
    }
    FleetDoor door =
        new FleetDoor(
            properties.read(),
            properties.tls().isUsed() ? properties.tls().gateways() : null,
            hosts,
            System::currentTimeMillis);
    Counter refusals =
        Counter.builder("fleet.jobs.strangers")
            .description("Requests that were not the fleet's")
            .register(meters);
    FilterRegistrationBean<OwnerFilter> registration =
        new FilterRegistrationBean<>(new OwnerFilter(door, refusals));
    registration.setOrder(Ordered.HIGHEST_PRECEDENCE);
    return registration;
  }

  /** In place of the one that Spring Cloud makes, which knows no interceptors. */
  @Bean
  @ConditionalOnProperty(name = "eureka.client.enabled", matchIfMissing = true)
  RestClientDiscoveryClientOptionalArgs registryClient(
      InsideProperties properties,
      SslBundles bundles,
      EurekaClientHttpRequestFactorySupplier requests,
      TlsProperties tls)
      throws GeneralSecurityException, IOException {
    RegistryCredentials credentials = new RegistryCredentials(properties.read());
    RestClientDiscoveryClientOptionalArgs arguments =
        new RestClientDiscoveryClientOptionalArgs(
            requests, () -> RestClient.builder().requestInterceptor(credentials));
    DiscoveryClientOptionalArgsConfiguration.setupTLS(arguments, tls);
    FleetCertificates known = properties.tls().read(bundles);
    if (known != null) {
      arguments.setSSLContext(known.clientOf(properties.tls().registries()));
      // The context has looked at the registry's name, wherever it is.
      arguments.setHostnameVerifier((host, session) -> true);
    }
    return arguments;
  }
}
