package io.onnxfleet.gateway.connection;

import io.micrometer.core.instrument.MeterRegistry;
import io.onnxfleet.gateway.admission.AdmissionProperties;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.boot.reactor.netty.NettyServerCustomizer;
import org.springframework.boot.reactor.netty.autoconfigure.NettyServerProperties;
import org.springframework.boot.web.server.autoconfigure.ServerProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.util.unit.DataSize;

/** Wires the guards of each connection. */
@Configuration(proxyBeanMethods = false)
class ConnectionConfiguration {

  /** Requests at a time on one connection of HTTP/2. */
  private static final int MOST_STREAMS = 100;

  @Bean
  HeadLimits headLimits(ServerProperties server, NettyServerProperties netty) {
    DataSize line = netty.getMaxInitialLineLength();
    return new HeadLimits(line.toBytes(), server.getMaxHttpRequestHeaderSize().toBytes());
  }

  @Bean
  ConnectionRefusals connectionRefusals(MeterRegistry registry) {
    return new ConnectionRefusals(registry, System::nanoTime);
  }

  @Bean
  NettyServerCustomizer connectionGuard(
      ConnectionProperties properties,
      AdmissionProperties admission,
      HeadLimits limits,
      ConnectionRefusals refusals) {
    AtomicInteger connections = new AtomicInteger();
    return server ->
        server
            .http2Settings(
                settings ->
                    settings.maxConcurrentStreams(MOST_STREAMS).maxHeaderListSize(limits.headers()))
            .doOnChannelInit(
                (observer, channel, address) -> {
                  RequestProgress progress = new RequestProgress(channel);
                  RequestGuard requests =
                      new RequestGuard(refusals, limits, progress, System::nanoTime);
                  RequestPace pace =
                      new RequestPace(
                          properties,
                          admission.bodyReadTimeout(),
                          progress,
                          requests,
                          System::nanoTime);
                  new ConnectionPipeline(channel.pipeline())
                      .guard(
                          new ConnectionGuard(properties, connections, progress),
                          pace,
                          requests,
                          progress);
                });
  }
}
