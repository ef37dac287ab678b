package io.onnxfleet.gateway.security;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.config.annotation.web.reactive.EnableWebFluxSecurity;
import org.springframework.security.web.server.SecurityWebFilterChain;
import org.springframework.security.web.server.WebFilterChainProxy;

/**
 * Puts Spring Security before everything as soon as anybody has a chain for it, the fleet or a
 * team. Without one there is no filter, and nothing to pay for.
 */
@AutoConfiguration(
    afterName =
        "org.springframework.boot.security.autoconfigure.web.reactive.ReactiveWebSecurityAutoConfiguration")
public class WebFluxSecurityAutoConfiguration {

  @Bean
  @ConditionalOnBean(WebFilterChainProxy.class)
  LetInCallers letInCallers(Accesses accesses) {
    return new LetInCallers(accesses);
  }

  /** Unless the team has switched it on itself. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnBean(SecurityWebFilterChain.class)
  @ConditionalOnMissingBean(WebFilterChainProxy.class)
  @EnableWebFluxSecurity
  static class SwitchedOn {}
}
