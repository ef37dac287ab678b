package io.onnxfleet.inference;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Configuration;

/**
 * What the build tells its tests in system properties, so that the service, which refuses keys that
 * it does not know, starts in a test's JVM; found by the scan for components.
 *
 * @param root folder of the repository
 * @param shared folder of the sample models, or empty
 */
@ConfigurationProperties("fleet")
record BuildProperties(String root, String shared) {

  @Configuration(proxyBeanMethods = false)
  @EnableConfigurationProperties(BuildProperties.class)
  static class Registration {}
}
