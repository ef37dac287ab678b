package io.onnxfleet.gateway.admission;

import io.micrometer.core.instrument.MeterRegistry;
import io.onnxfleet.gateway.fleet.FleetWatch;
import io.onnxfleet.gateway.security.SecurityProperties;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.boot.reactor.netty.NettyServerCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.netty.NettyPipeline;

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

  @Bean
  ModelAdmission modelAdmission(
      LimitProperties properties,
      SecurityProperties security,
      MeterRegistry registry,
      FleetWatch watch) {
    if (!properties.callerHeader().isEmpty() && security.trustedProxies().isEmpty()) {
      throw new IllegalArgumentException(
          "fleet.gateway.limits.caller-header: '"
              + properties.callerHeader()
              + "' (expected: fleet.gateway.security.trusted-proxies too, which may set it)");
    }
    ModelAdmission admission =
        new ModelAdmission(
            properties,
            () -> new TargetLatencyLimit(properties),
            new AdmissionMetrics(registry),
            System::nanoTime);
    watch.onChange(fleet -> admission.retain(fleet::knows));
    return admission;
  }

  /** A body that stops arriving must not hold its place for ever. */
  @Bean
  NettyServerCustomizer bodyReadTimeout(AdmissionProperties properties) {
    return server -> server.readTimeout(properties.bodyReadTimeout());
  }

  @Bean
  NettyServerCustomizer connectionGuard(ConnectionProperties properties) {
    AtomicInteger connections = new AtomicInteger();
    return server ->
        server.doOnChannelInit(
            (observer, channel, address) -> {
              ConnectionGuard guard =
                  new ConnectionGuard(properties, connections, System::nanoTime);
              channel.pipeline().addFirst("connectionGuard", guard);
              channel
                  .pipeline()
                  .addAfter(NettyPipeline.HttpCodec, "connectionGuardParts", guard.parts());
            });
  }
}
