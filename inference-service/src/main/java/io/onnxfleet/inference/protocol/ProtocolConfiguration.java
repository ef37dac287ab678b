package io.onnxfleet.inference.protocol;

import io.onnxfleet.inference.configuration.InferenceProperties;
import java.util.Map;
import org.apache.catalina.core.StandardHost;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;
import org.springframework.boot.tomcat.ConfigurableTomcatWebServerFactory;
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

  @Bean
  WebServerFactoryCustomizer<ConfigurableTomcatWebServerFactory> connections() {
    return factory -> {
      factory.addEngineValves(new ConnectionValve());
      factory.addContextCustomizers(
          context -> {
            if (context.getParent() instanceof StandardHost host) {
              host.setErrorReportValveClass(PlainErrorValve.class.getName());
            }
          });
    };
  }
}
