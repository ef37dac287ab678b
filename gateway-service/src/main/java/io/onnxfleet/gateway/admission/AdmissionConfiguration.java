package io.onnxfleet.gateway.admission;

import org.springframework.boot.reactor.netty.NettyServerCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Wires the gateway's bounds. */
@Configuration(proxyBeanMethods = false)
class AdmissionConfiguration {

  @Bean
  ConcurrencyLimiter concurrencyLimiter(AdmissionProperties properties) {
    return new ConcurrencyLimiter(properties.maxConcurrentRequests());
  }

  @Bean
  ByteBudget keptBodies(AdmissionProperties properties) {
    long configured = properties.keptBodies().toBytes();
    return new ByteBudget(configured > 0 ? configured : Runtime.getRuntime().maxMemory() / 4);
  }

  /** A body that stops arriving must not hold its place for ever. */
  @Bean
  NettyServerCustomizer bodyReadTimeout(AdmissionProperties properties) {
    return server -> server.readTimeout(properties.bodyReadTimeout());
  }
}
