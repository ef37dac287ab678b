package io.onnxfleet.gateway.configuration;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.configuration.UnknownKeysException;
import io.onnxfleet.gateway.GatewayService;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;

/** Every properties record of the gateway is known to the check, and nothing else is. */
class CheckConfigurationTest {

  @Configuration(proxyBeanMethods = false)
  @ConfigurationPropertiesScan(basePackageClasses = GatewayService.class)
  static class Scan {}

  @Test
  void knownKeys_pass() {
    assertThatCode(
            () ->
                start(
                    "fleet.default-model",
                    "fleet.gateway.routing.maxTries",
                    "FLEET_GATEWAY_ADMISSION_MAX_BODYSIZE",
                    "fleet.gateway.administration.token",
                    "fleet.gateway.rollout.plans[0].model",
                    "fleet.inference.models"))
        .doesNotThrowAnyException();
  }

  @Test
  void unknownKeys_failTheStart() {
    assertThatThrownBy(() -> start("fleet.gatway.routing.deadline"))
        .isInstanceOf(UnknownKeysException.class)
        .hasMessageContaining("'fleet.gateway.routing.deadline'");
    assertThatThrownBy(() -> start("fleet.gateway.rollout.plans[0].modell"))
        .isInstanceOf(UnknownKeysException.class);
  }

  /** As far as the check goes: no properties are bound. */
  private static void start(String... keys) {
    Map<String, Object> values = new TreeMap<>();
    for (String key : keys) {
      values.put(key, "x");
    }
    StandardEnvironment environment = new StandardEnvironment();
    environment.getPropertySources().addFirst(new MapPropertySource("test", values));
    try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext()) {
      context.setEnvironment(environment);
      context.register(Scan.class, CheckConfiguration.class);
      context.addBeanFactoryPostProcessor(
          beans -> {
            for (String bean : beans.getBeanDefinitionNames()) {
              beans.getBeanDefinition(bean).setLazyInit(true);
            }
          });
      context.refresh();
    }
  }
}
