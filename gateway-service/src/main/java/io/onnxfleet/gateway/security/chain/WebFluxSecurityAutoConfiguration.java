package io.onnxfleet.gateway.security.chain;

import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.ConfigurationCondition;
import org.springframework.core.type.AnnotatedTypeMetadata;
import org.springframework.security.config.annotation.web.reactive.EnableWebFluxSecurity;
import org.springframework.security.web.server.SecurityWebFilterChain;
import org.springframework.security.web.server.WebFilterChainProxy;
import org.springframework.security.web.server.firewall.ServerWebExchangeFirewall;

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

  /** Where a team has a chain, and has not switched it on itself. */
  @Configuration(proxyBeanMethods = false)
  @Conditional(ChainOfOthers.class)
  @ConditionalOnMissingBean(WebFilterChainProxy.class)
  @EnableWebFluxSecurity
  static class SwitchedOn {}

  /** Where nobody has one but the fleet. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnBean(FleetSecurityChain.class)
  @ConditionalOnMissingBean(WebFilterChainProxy.class)
  static class FleetOnly {

    @Bean
    @Conditional(NoChainOfOthers.class)
    FleetChainProxy fleetChainProxy(
        FleetSecurityChain fleet,
        ObjectProvider<SecurityWebFilterChain> all,
        ObjectProvider<ServerWebExchangeFirewall> firewall) {
      FleetChainProxy proxy = new FleetChainProxy(fleet, all.orderedStream().toList());
      firewall.ifUnique(proxy::setFirewall);
      return proxy;
    }
  }

  /** Whether there is a chain that is not the fleet's. */
  static class ChainOfOthers implements ConfigurationCondition {

    @Override
    public ConfigurationPhase getConfigurationPhase() {
      return ConfigurationPhase.REGISTER_BEAN;
    }

    @Override
    public boolean matches(ConditionContext context, AnnotatedTypeMetadata metadata) {
      ListableBeanFactory beans = Objects.requireNonNull(context.getBeanFactory());
      Set<String> chains =
          new HashSet<>(
              List.of(beans.getBeanNamesForType(SecurityWebFilterChain.class, true, false)));
      for (String name : beans.getBeanNamesForType(FleetSecurityChain.class, true, false)) {
        chains.remove(name);
      }
      return !chains.isEmpty();
    }
  }

  /** Whether there is none. */
  static final class NoChainOfOthers extends ChainOfOthers {

    @Override
    public boolean matches(ConditionContext context, AnnotatedTypeMetadata metadata) {
      return !super.matches(context, metadata);
    }
  }
}
