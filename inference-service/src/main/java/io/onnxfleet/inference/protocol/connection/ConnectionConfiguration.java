package io.onnxfleet.inference.protocol.connection;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Connections of which can be told whether their client has left. */
@Configuration(proxyBeanMethods = false)
class ConnectionConfiguration {
  @Bean(initMethod = "start")
  ConnectionWatch connectionWatch() {
    return new ConnectionWatch();
  }

  @Bean
  WatchedConnections watchedConnections(ConnectionWatch watch) {
    return new WatchedConnections(watch);
  }
}
