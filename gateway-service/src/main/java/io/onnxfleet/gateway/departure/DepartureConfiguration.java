package io.onnxfleet.gateway.departure;

import org.springframework.boot.reactor.netty.NettyServerCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Has the departure look after every connection. */
@Configuration(proxyBeanMethods = false)
class DepartureConfiguration {

  @Bean
  Departure departure(DepartureProperties properties) {
    return new Departure(properties.notice());
  }

  @Bean
  NettyServerCustomizer departureOfConnections(Departure departure) {
    return server ->
        server.doOnChannelInit((observer, channel, address) -> departure.watch(channel));
  }
}
