package io.onnxfleet.inference.protocol;

import io.micrometer.core.instrument.MeterRegistry;
import io.onnxfleet.inference.configuration.InferenceProperties;
import io.onnxfleet.inference.inside.FleetDoor;
import java.util.List;
import java.util.Map;
import org.apache.catalina.core.StandardHost;
import org.apache.tomcat.util.threads.VirtualThreadExecutor;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.task.AsyncTaskExecutor;
import org.springframework.core.task.SimpleAsyncTaskExecutor;
import org.springframework.scheduling.annotation.EnableAsync;

/** Threads and connections of the protocols. */
@Configuration(proxyBeanMethods = false)
@EnableAsync(proxyTargetClass = true)
class ProtocolConfiguration {
  /** One virtual thread a request, as many as the bound allows; beyond it, refusal at once. */
  @Bean(ProtocolExecutor.NAME)
  AsyncTaskExecutor protocolExecutor(InferenceProperties properties) {
    SimpleAsyncTaskExecutor executor = new SimpleAsyncTaskExecutor("protocol-");
    executor.setVirtualThreads(true);
    executor.setConcurrencyLimit(properties.maxConcurrentRequests());
    executor.setRejectTasksWhenLimitReached(true);
    executor.setTaskDecorator(ProtocolConfiguration::withContextOfCaller);
    return executor;
  }

  private static Runnable withContextOfCaller(Runnable task) {
    @Nullable Map<String, String> context = MDC.getCopyOfContextMap();
    return () -> {
      if (context != null) {
        MDC.setContextMap(context);
      }
      task.run();
    };
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
      RequestIdentity identity,
      ErrorResponses errors,
      List<DirectHandler> handlers,
      FleetDoor door,
      MeterRegistry meters) {
    return factory -> {
      factory.setProtocol(WatchedHttp11Protocol.class.getName());
      factory.addProtocolHandlerCustomizers(
          handler -> handler.setExecutor(new VirtualThreadExecutor("http-")));
      factory.addEngineValves(
          new ConnectionValve(watch),
          new FleetValve(door, identity, errors, meters.counter(FleetValve.REFUSALS)),
          new DirectValve(identity, errors, handlers));
      factory.addContextCustomizers(
          context -> {
            if (context.getParent() instanceof StandardHost host) {
              host.setErrorReportValveClass(PlainErrorValve.class.getName());
            }
          });
    };
  }
}
