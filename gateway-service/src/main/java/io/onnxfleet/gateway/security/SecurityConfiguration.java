package io.onnxfleet.gateway.security;

import io.onnxfleet.configuration.OpenDoorWarning;
import io.onnxfleet.gateway.fleet.ModelPatterns;
import io.onnxfleet.gateway.network.Networks;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.cloud.gateway.config.GlobalCorsProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.Environment;
import org.springframework.security.config.observation.SecurityObservationSettings;
import org.springframework.security.web.server.MatcherSecurityWebFilterChain;
import org.springframework.security.web.server.SecurityWebFilterChain;
import org.springframework.security.web.server.WebFilterChainProxy;
import org.springframework.security.web.server.firewall.ServerWebExchangeFirewall;
import org.springframework.security.web.server.util.matcher.ServerWebExchangeMatchers;
import org.springframework.web.server.adapter.ForwardedHeaderTransformer;

/** Wires what decides who gets in. */
@Configuration(proxyBeanMethods = false)
class SecurityConfiguration {

  @Bean
  CallerAddresses callerAddresses(Networks trustedProxies) {
    return new CallerAddresses(trustedProxies);
  }

  @Bean
  Networks trustedProxies(SecurityProperties properties) {
    return new Networks("fleet.gateway.security.trusted-proxies", properties.trustedProxies());
  }

  @Bean
  Accesses accesses(CallerAddresses addresses, SecurityProperties properties) {
    return new Accesses(addresses, properties.anonymous());
  }

  @Bean
  AuditLog auditLog() {
    return new AuditLog();
  }

  @Bean
  OpenDoorWarning openGateway(ObjectProvider<WebFilterChainProxy> chains, Environment environment) {
    return new OpenDoorWarning(
        () ->
            chains.stream().findAny().isEmpty()
                && !"need".equalsIgnoreCase(environment.getProperty("server.ssl.client-auth", "")),
        """
        THIS GATEWAY IS OPEN: it listens on {} and asks nobody for credentials.
        Whoever reaches it may use every model. Give it keys (`./fleet key NAME` makes one,
        fleet.gateway.security.keys names their file), an issuer of tokens, or a network
        that lets in only callers whom you trust: docs/security.md.
        """);
  }

  @Bean
  GlobalCorsFilter globalCorsFilter(ObjectProvider<GlobalCorsProperties> cors) {
    return new GlobalCorsFilter(cors.getIfAvailable(GlobalCorsProperties::new));
  }

  /** The name is the one under which the framework looks for it. */
  @Bean
  @ConditionalOnProperty(name = "server.forward-headers-strategy", havingValue = "framework")
  @ConditionalOnMissingBean(ForwardedHeaderTransformer.class)
  ForwardedHeaderTransformer forwardedHeaderTransformer(Networks trustedProxies) {
    return new TrustedForwardedHeaders(trustedProxies);
  }

  /** What there is only while requests need credentials. */
  @Configuration(proxyBeanMethods = false)
  @Conditional(AuthenticationNeeded.class)
  static class Authentication {

    @Bean
    ApiKeys apiKeys(
        SecurityProperties properties,
        @Value("${fleet.gateway.administration.token:}") String administrationToken,
        @Value("${spring.application.name}") String application,
        ObjectProvider<DiscoveryClient> registry,
        AuditLog audit) {
      IntSupplier gateways =
          properties.gateways() > 0
              ? properties::gateways
              : () ->
                  registry
                      .orderedStream()
                      .map(client -> client.getInstances(application))
                      .mapToInt(List::size)
                      .findFirst()
                      .orElse(1);
      return new ApiKeys(
          properties.keys().isEmpty() ? null : Path.of(properties.keys()),
          administrationToken,
          gateways,
          audit,
          System::nanoTime);
    }

    @Bean(destroyMethod = "close")
    @ConditionalOnProperty("fleet.gateway.security.jwt.issuer")
    TokenVerifier tokenVerifier(SecurityProperties properties) {
      return new TokenVerifier(properties.jwt(), InstantSource.system());
    }

    /** After those of others, which decide about what they match. */
    @Bean
    @Order(Ordered.LOWEST_PRECEDENCE)
    SecurityWebFilterChain fleetSecurity(
        ApiKeys keys,
        ObjectProvider<TokenVerifier> tokens,
        CallerAddresses addresses,
        SecurityProperties properties,
        @Value("${management.server.port:0}") int managementPort,
        @Value("${server.port:8080}") int port) {
      @Nullable CertificateCallers certificates =
          properties.certificates()
              ? new CertificateCallers(
                  Set.copyOf(properties.certificateScopes()),
                  new ModelPatterns(properties.certificateModels()))
              : null;
      return new MatcherSecurityWebFilterChain(
          ServerWebExchangeMatchers.anyExchange(),
          List.of(
              new AuthenticationFilter(
                  keys,
                  tokens.getIfAvailable(),
                  certificates,
                  addresses,
                  new FailureLimit(properties.failuresPerMinute(), System::nanoTime),
                  managementPort == port ? 0 : managementPort,
                  InstantSource.system(),
                  System::nanoTime)));
    }

    /**
     * A path is what it says literally here, so nothing can be smuggled in by its escapes, and a
     * model's name may have any.
     */
    @Bean
    @ConditionalOnMissingBean
    ServerWebExchangeFirewall serverWebExchangeFirewall() {
      return ServerWebExchangeFirewall.INSECURE_NOOP;
    }

    /** Each filter would be measured otherwise, which costs more than it does. */
    @Bean
    @ConditionalOnMissingBean
    SecurityObservationSettings securityObservationSettings() {
      return SecurityObservationSettings.noObservations();
    }
  }
}
