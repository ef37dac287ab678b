package io.onnxfleet.jobs.configuration;

import io.onnxfleet.configuration.UnknownKeyCheck;
import java.time.InstantSource;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/** Binds the properties, after a look for keys that nothing reads. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(JobsProperties.class)
class PropertiesConfiguration {

  @Bean
  static UnknownKeyCheck unknownKeyCheck(Environment environment) {
    return new UnknownKeyCheck("jobs", environment);
  }

  @Bean
  InstantSource instantSource() {
    return InstantSource.system();
  }
}
