package io.onnxfleet.inference.configuration;

import io.onnxfleet.configuration.UnknownKeyCheck;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/** Binds the properties, after a look for keys that nothing reads. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties({
  InferenceProperties.class,
  FleetProperties.class,
  RerankProperties.class
})
class PropertiesConfiguration {
  @Bean
  static UnknownKeyCheck unknownKeyCheck(Environment environment) {
    return new UnknownKeyCheck("inference", environment);
  }
}
