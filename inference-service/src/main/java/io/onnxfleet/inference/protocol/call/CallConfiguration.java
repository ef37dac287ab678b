package io.onnxfleet.inference.protocol.call;

import io.onnxfleet.inference.configuration.InferenceProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.task.AsyncTaskExecutor;
import org.springframework.scheduling.annotation.EnableAsync;

/** The one bound of all requests, and the threads of those that wait for the repository. */
@Configuration(proxyBeanMethods = false)
@EnableAsync(proxyTargetClass = true)
class CallConfiguration {
  @Bean
  RequestBound requestBound(InferenceProperties properties) {
    return new RequestBound(properties.maxConcurrentRequests());
  }

  @Bean(ProtocolExecutor.NAME)
  AsyncTaskExecutor protocolExecutor(RequestBound bound) {
    return new BoundedExecutor(bound);
  }
}
