package io.onnxfleet.inference.protocol;

import io.micrometer.core.instrument.MeterRegistry;
import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.inference.configuration.InferenceProperties;
import io.onnxfleet.inference.inside.FleetDoor;
import io.onnxfleet.inference.protocol.http.BodyBudget;
import io.onnxfleet.inference.protocol.http.RequestBodies;
import org.apache.catalina.core.StandardHost;
import org.apache.coyote.ContinueResponseTiming;
import org.apache.coyote.http11.AbstractHttp11Protocol;
import org.apache.tomcat.util.threads.VirtualThreadExecutor;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.boot.webmvc.autoconfigure.DispatcherServletAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.task.AsyncTaskExecutor;
import org.springframework.scheduling.annotation.EnableAsync;
import org.springframework.web.filter.UrlHandlerFilter;
import org.springframework.web.servlet.DispatcherServlet;

/** Threads and connections of the protocols. */
@Configuration(proxyBeanMethods = false)
@EnableAsync(proxyTargetClass = true)
class ProtocolConfiguration {
  @Bean
  RequestBound requestBound(InferenceProperties properties) {
    return new RequestBound(properties.maxConcurrentRequests());
  }

  @Bean(ProtocolExecutor.NAME)
  AsyncTaskExecutor protocolExecutor(RequestBound bound) {
    return new BoundedExecutor(bound);
  }

  @Bean
  BodyBudget bodyBudget(InferenceProperties properties) {
    return new BodyBudget(properties.bodyMemory());
  }

  @Bean
  RequestBodies requestBodies(
      InferenceProperties properties, BodyBudget budget, InferenceEngine engine) {
    return new RequestBodies(properties.maxBodySize().toBytes(), budget, engine.ticker());
  }

  /**
   * Some clients put a slash at the end of any path, and the gateway passes paths on as they are.
   */
  @Bean
  UrlHandlerFilter trailingSlashes() {
    return UrlHandlerFilter.trailingSlashHandler(ApiPaths.ALL_V1, ApiPaths.ALL_V2)
        .wrapRequest()
        .build();
  }

  /** By this name it takes the place of the one that Spring Boot would make. */
  @Bean(DispatcherServletAutoConfiguration.DEFAULT_DISPATCHER_SERVLET_BEAN_NAME)
  DispatcherServlet dispatcherServlet(ShortPath path, DirectRequests requests) {
    return new DirectServlet(path, requests);
  }

  @Bean(initMethod = "start")
  ConnectionWatch connectionWatch() {
    return new ConnectionWatch();
  }

  /**
   * Each request is served by a virtual thread from its first byte to its last, so that waiting for
   * a batch, or for a slow client, holds no thread of the container.
   */
  @Bean
  WebServerFactoryCustomizer<TomcatServletWebServerFactory> connections(
      ConnectionWatch watch,
      ShortPath path,
      DirectRequests requests,
      RequestIdentity identity,
      FleetDoor door,
      MeterRegistry meters) {
    return factory -> {
      factory.setProtocol(WatchedHttp11Protocol.class.getName());
      factory.addProtocolHandlerCustomizers(
          handler -> {
            handler.setExecutor(new VirtualThreadExecutor("http-"));
            if (handler instanceof AbstractHttp11Protocol<?> http) {
              // A client that waits for 100 is not told to send what is refused anyway.
              http.setContinueResponseTiming(
                  ContinueResponseTiming.ON_REQUEST_BODY_READ.toString());
            }
          });
      factory.addConnectorCustomizers(
          connector -> connector.addUpgradeProtocol(new ClearTextHttp2()));
      factory.addEngineValves(
          new ConnectionValve(watch),
          new FleetValve(door, identity, meters.counter(FleetValve.REFUSALS)),
          new DirectValve(path, requests));
      factory.addContextCustomizers(
          context -> {
            if (context.getParent() instanceof StandardHost host) {
              host.setErrorReportValveClass(PlainErrorValve.class.getName());
            }
          });
    };
  }
}
