package io.onnxfleet.discovery.inside;

import io.onnxfleet.configuration.InsideProperties;
import io.onnxfleet.configuration.OpenDoorWarning;
import io.onnxfleet.contract.fleet.FleetCertificates;
import io.onnxfleet.contract.fleet.FleetSecret;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.web.server.ConfigurableWebServerFactory;
import org.springframework.boot.web.server.Ssl;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpStatus;
import org.springframework.security.authorization.AuthenticatedAuthorizationManager;
import org.springframework.security.authorization.AuthorizationDecision;
import org.springframework.security.authorization.AuthorizationManager;
import org.springframework.security.authorization.AuthorizationManagers;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.crypto.password.PasswordEncoder;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.access.intercept.RequestAuthorizationContext;
import org.springframework.security.web.authentication.HttpStatusEntryPoint;

/**
 * Lets nobody read or write the registry but the fleet. Where it has a secret, it shows what is
 * made of that as a user's password (Basic, for a browser too); where it has certificates, its
 * connection's; where it has both, both. Only registries may copy. Health is open to all. Without
 * either everything is.
 */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(InsideProperties.class)
class FleetSecurity {
  /** Where the container leaves the certificates that a connection's other end showed. */
  private static final String CERTIFICATES = "jakarta.servlet.request.X509Certificate";

  @Bean
  OpenDoorWarning openRegistry(InsideProperties properties) {
    return new OpenDoorWarning(
        properties::isOpen,
        """
        OPEN TO EVERYBODY: this registry listens on {} and asks nobody who they are.
        Whoever reaches it may register a false replica, which is then sent users' requests.
        Set fleet.secret (FLEET_SECRET), or fleet.secret-file, to the same value at gateways,
        replicas and registries: docs/operations.md, "The inside".
        """);
  }

  @Bean
  SecurityFilterChain onlyTheFleet(HttpSecurity http, InsideProperties properties) {
    // Clients are programs without sessions, and a browser here changes nothing.
    http.csrf(AbstractHttpConfigurer::disable)
        .logout(AbstractHttpConfigurer::disable)
        .requestCache(AbstractHttpConfigurer::disable)
        .sessionManagement(
            sessions -> sessions.sessionCreationPolicy(SessionCreationPolicy.STATELESS));
    boolean hasSecret = properties.read() != null;
    InsideProperties.Tls tls = properties.tls();
    if (!hasSecret && !tls.isUsed()) {
      return http.authorizeHttpRequests(all -> all.anyRequest().permitAll()).build();
    }
    http.authorizeHttpRequests(
        requests ->
            requests
                .requestMatchers("/actuator/health", "/actuator/health/**")
                .permitAll()
                .requestMatchers("/eureka/peerreplication/**")
                .access(fleet(hasSecret, tls, tls.registries()))
                .anyRequest()
                .access(fleet(hasSecret, tls, tls.members())));
    if (hasSecret) {
      http.httpBasic(Customizer.withDefaults());
    } else {
      http.exceptionHandling(
          refused ->
              refused.authenticationEntryPoint(new HttpStatusEntryPoint(HttpStatus.UNAUTHORIZED)));
    }
    return http.build();
  }

  private static AuthorizationManager<RequestAuthorizationContext> fleet(
      boolean hasSecret, InsideProperties.Tls tls, List<String> names) {
    AuthorizationManager<RequestAuthorizationContext> bySecret =
        AuthenticatedAuthorizationManager.authenticated();
    AuthorizationManager<RequestAuthorizationContext> byCertificate =
        (nobody, asked) ->
            new AuthorizationDecision(
                FleetCertificates.complaint(
                        (X509Certificate[]) asked.getRequest().getAttribute(CERTIFICATES),
                        names,
                        Instant.now())
                    == null);
    if (!tls.isUsed()) {
      return bySecret;
    }
    return hasSecret ? AuthorizationManagers.allOf(byCertificate, bySecret) : byCertificate;
  }

  /** With certificates it speaks TLS. It asks for one and does without: health is open. */
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
  UserDetailsService fleetUser(InsideProperties properties) {
    FleetSecret secret = properties.read();
    return secret == null
        ? new InMemoryUserDetailsManager()
        : new InMemoryUserDetailsManager(
            User.withUsername(FleetSecret.REGISTRY_USER)
                .password(secret.registryPassword())
                .roles("FLEET")
                .build());
  }

  /**
   * The password is made of 256 random bits: a slow hash would protect nothing, at each renewal.
   */
  @Bean
  PasswordEncoder plainInConstantTime() {
    return new PasswordEncoder() {
      @Override
      public @Nullable String encode(@Nullable CharSequence raw) {
        return raw == null ? null : raw.toString();
      }

      @Override
      public boolean matches(@Nullable CharSequence raw, @Nullable String encoded) {
        return raw != null
            && encoded != null
            && MessageDigest.isEqual(bytes(raw.toString()), bytes(encoded));
      }
    };
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
