package io.onnxfleet.gateway.security.chain;

import io.onnxfleet.configuration.InsideProperties;
import io.onnxfleet.configuration.OpenDoorWarning;
import io.onnxfleet.contract.fleet.FleetSecret;
import io.onnxfleet.gateway.fleet.ModelPatterns;
import io.onnxfleet.gateway.network.Networks;
import io.onnxfleet.gateway.security.AuditLog;
import io.onnxfleet.gateway.security.JobProperties;
import io.onnxfleet.gateway.security.SecurityProperties;
import io.onnxfleet.gateway.security.credential.ApiKeys;
import io.onnxfleet.gateway.security.credential.CertificateCallers;
import io.onnxfleet.gateway.security.credential.TokenQuotas;
import io.onnxfleet.gateway.security.credential.TokenVerifier;
import io.onnxfleet.gateway.security.credential.WorkOwners;
import io.onnxfleet.gateway.security.quota.QuotaShare;
import io.onnxfleet.gateway.security.quota.SubjectQuotas;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
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
import org.springframework.security.web.server.WebFilterChainProxy;
import org.springframework.security.web.server.firewall.ServerWebExchangeFirewall;
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
  FailureLimit failureLimit(SecurityProperties properties) {
    return new FailureLimit(properties.failuresPerMinute(), System::nanoTime);
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

    /** Subjects of tokens and certificates whose use of their quota is remembered at least. */
    private static final int MOST_SUBJECTS = 10_000;

    @Bean
    QuotaShare quotaShare(
        SecurityProperties properties,
        @Value("${spring.application.name}") String application,
        ObjectProvider<DiscoveryClient> registry) {
      return new QuotaShare(
          properties.gateways() > 0
              ? properties::gateways
              : () ->
                  registry
                      .orderedStream()
                      .map(client -> client.getInstances(application))
                      .mapToInt(List::size)
                      .findFirst()
                      .orElse(1));
    }

    @Bean
    SubjectQuotas subjectQuotas(SecurityProperties properties, QuotaShare share) {
      return new SubjectQuotas(
          share, Math.max(MOST_SUBJECTS, properties.jwt().remembered()), System::nanoTime);
    }

    @Bean
    ApiKeys apiKeys(
        SecurityProperties properties,
        @Value("${fleet.gateway.administration.token:}") String administrationToken,
        QuotaShare share,
        AuditLog audit) {
      return new ApiKeys(
          properties.keys().isEmpty() ? null : Path.of(properties.keys()),
          administrationToken,
          share,
          audit,
          System::nanoTime);
    }

    @Bean(destroyMethod = "close")
    @ConditionalOnProperty("fleet.gateway.security.jwt.issuer")
    TokenVerifier tokenVerifier(SecurityProperties properties, SubjectQuotas subjects) {
      return new TokenVerifier(
          properties.jwt(),
          new TokenQuotas(
              properties.quotas(), properties.quota(properties.jwt().quota()), subjects),
          InstantSource.system());
    }

    /** After those of others, which decide about what they match. */
    @Bean
    @Order(Ordered.LOWEST_PRECEDENCE)
    FleetSecurityChain fleetSecurity(
        CallerAddresses callers,
        ApiKeys keys,
        InsideProperties inside,
        JobProperties jobs,
        Environment environment,
        ObjectProvider<TokenVerifier> tokens,
        SubjectQuotas subjects,
        FailureLimit failures,
        SecurityProperties properties,
        @Value("${management.server.port:0}") int managementPort,
        @Value("${server.port:8080}") int port,
        @Value("${management.endpoints.web.base-path:/actuator}") String managementPath) {
      @Nullable CertificateCallers certificates =
          properties.certificates()
              ? new CertificateCallers(
                  Set.copyOf(properties.certificateScopes()),
                  new ModelPatterns(properties.certificateModels()),
                  properties.quota(properties.certificateQuota()),
                  subjects,
                  InstantSource.system())
              : null;
      @Nullable FleetSecret secret = inside.read();
      return new FleetSecurityChain(
          new AuthenticationFilter(
              callers,
              keys,
              secret == null
                  ? null
                  : new WorkOwners(
                      secret,
                      addresses(jobs, environment),
                      keys,
                      subjects,
                      System::currentTimeMillis),
              tokens.getIfAvailable(),
              certificates,
              failures,
              managementPort == port ? 0 : managementPort,
              new ManagementPaths(managementPath),
              InstantSource.system(),
              System::nanoTime));
    }

    private static List<String> addresses(JobProperties jobs, Environment environment) {
      List<String> addresses = new ArrayList<>(jobs.ownAddresses());
      for (String key : List.of("eureka.instance.ip-address", "eureka.instance.hostname")) {
        String address = environment.getProperty(key, "");
        if (!address.isBlank()) {
          addresses.add(address);
        }
      }
      return addresses;
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
