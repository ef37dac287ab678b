package io.onnxfleet.gateway.configuration;

import io.onnxfleet.configuration.UnknownKeyCheck;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/** Looks for keys that nothing reads. */
@Configuration(proxyBeanMethods = false)
class CheckConfiguration {

  @Bean
  static UnknownKeyCheck unknownKeyCheck(Environment environment) {
    return new UnknownKeyCheck("gateway", environment);
  }
}
