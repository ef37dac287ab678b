package io.onnxfleet.discovery.inside;

import io.onnxfleet.configuration.InsideProperties;
import io.onnxfleet.configuration.OpenDoorWarning;
import io.onnxfleet.contract.fleet.FleetSecret;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.crypto.password.PasswordEncoder;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;

/**
 * Lets nobody read or write the registry but the fleet, which shows what is made of its secret as a
 * user's password (Basic, for a browser too). Health is open to all. Without a secret everything
 * is.
 */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(InsideProperties.class)
class FleetSecurity {

  @Bean
  OpenDoorWarning openRegistry(InsideProperties properties) {
    return new OpenDoorWarning(
        () -> properties.read() == null,
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
    if (properties.read() == null) {
      return http.authorizeHttpRequests(all -> all.anyRequest().permitAll()).build();
    }
    return http.authorizeHttpRequests(
            requests ->
                requests
                    .requestMatchers("/actuator/health", "/actuator/health/**")
                    .permitAll()
                    .anyRequest()
                    .authenticated())
        .httpBasic(Customizer.withDefaults())
        .build();
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
