package io.onnxfleet.inference;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Configuration;

/**
 * What the build tells its tests in system properties, so that the service, which refuses keys that
 * it does not know, starts in a test's JVM; found by the scan for components.
 *
 * @param root folder of the repository
 * @param shared folder of the sample models, or empty
 * @param models folder that the default models are unpacked into, where the build is told
 */
@ConfigurationProperties("fleet")
record BuildProperties(String root, String shared, @Nullable String models) {

  @Configuration(proxyBeanMethods = false)
  @EnableConfigurationProperties(BuildProperties.class)
  static class Registration {}
}
