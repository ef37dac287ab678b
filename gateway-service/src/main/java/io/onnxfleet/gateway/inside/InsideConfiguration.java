package io.onnxfleet.gateway.inside;

import io.onnxfleet.configuration.InsideProperties;
import java.io.IOException;
import java.security.GeneralSecurityException;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.cloud.configuration.TlsProperties;
import org.springframework.cloud.netflix.eureka.config.DiscoveryClientOptionalArgsConfiguration;
import org.springframework.cloud.netflix.eureka.http.EurekaClientHttpRequestFactorySupplier;
import org.springframework.cloud.netflix.eureka.http.RestClientDiscoveryClientOptionalArgs;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.client.RestClient;

/** Reads the secret once and shows it to registry and replicas. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(InsideProperties.class)
class InsideConfiguration {

  @Bean
  RequestSigning requestSigning(InsideProperties properties) {
    return new RequestSigning(properties.read(), System::currentTimeMillis);
  }

  /** In place of the one that Spring Cloud makes, which knows no interceptors. */
  @Bean
  @ConditionalOnProperty(name = "eureka.client.enabled", matchIfMissing = true)
  RestClientDiscoveryClientOptionalArgs registryClient(
      InsideProperties properties,
      EurekaClientHttpRequestFactorySupplier requests,
      TlsProperties tls)
      throws GeneralSecurityException, IOException {
    RegistryCredentials credentials = new RegistryCredentials(properties.read());
    RestClientDiscoveryClientOptionalArgs arguments =
        new RestClientDiscoveryClientOptionalArgs(
            requests, () -> RestClient.builder().requestInterceptor(credentials));
    DiscoveryClientOptionalArgsConfiguration.setupTLS(arguments, tls);
    return arguments;
  }
}
