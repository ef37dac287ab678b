package io.onnxfleet.inference.protocol;

import io.micrometer.core.instrument.MeterRegistry;
import io.onnxfleet.configuration.FleetDoor;
import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.inference.configuration.InferenceProperties;
import io.onnxfleet.inference.protocol.http.BodyBudget;
import io.onnxfleet.inference.protocol.http.RequestBodies;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.boot.webmvc.autoconfigure.DispatcherServletAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.filter.UrlHandlerFilter;
import org.springframework.web.servlet.DispatcherServlet;

/** The way of a request from its connection to what serves it. */
@Configuration(proxyBeanMethods = false)
class ProtocolConfiguration {
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

  /** Nobody but the fleet gets in; what does takes the short path where that leads. */
  @Bean
  WebServerFactoryCustomizer<TomcatServletWebServerFactory> valves(
      ShortPath path,
      DirectRequests requests,
      RequestIdentity identity,
      FleetDoor door,
      MeterRegistry meters) {
    return factory ->
        factory.addEngineValves(
            new FleetValve(door, identity, meters.counter(FleetValve.REFUSALS)),
            new DirectValve(path, requests));
  }
}
