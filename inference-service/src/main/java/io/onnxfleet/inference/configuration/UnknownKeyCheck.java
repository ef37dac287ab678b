package io.onnxfleet.inference.configuration;

import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.Environment;
import org.springframework.core.env.PropertySource;

/**
 * Stops the start where a key of this process is set that no properties record reads, as {@link
 * KnownKeys} says. Of environment variables only those that begin with {@code FLEET_INFERENCE_} are
 * looked at: other programs may own the rest.
 */
final class UnknownKeyCheck implements BeanFactoryPostProcessor {
  /** Properties beans are named after their prefix; to look at all beans would take far longer. */
  private static final String BEANS = "fleet";

  private final Environment environment;

  UnknownKeyCheck(Environment environment) {
    this.environment = environment;
  }

  @Override
  public void postProcessBeanFactory(ConfigurableListableBeanFactory beans) {
    KnownKeys known = new KnownKeys("inference");
    for (String bean : beans.getBeanDefinitionNames()) {
      if (!bean.startsWith(BEANS)) {
        continue;
      }
      ConfigurationProperties annotation =
          beans.findAnnotationOnBean(bean, ConfigurationProperties.class, false);
      Class<?> type = beans.getType(bean, false);
      if (annotation != null
          && type != null
          && type.isRecord()
          && (annotation.value() + ".").startsWith("fleet.")) {
        known.add(annotation.value(), type);
      }
    }
    for (PropertySource<?> source : ((ConfigurableEnvironment) environment).getPropertySources()) {
      if (source instanceof EnumerablePropertySource<?> keys) {
        for (String key : keys.getPropertyNames()) {
          known
              .complaint(key)
              .ifPresent(
                  complaint -> {
                    throw new UnknownKeyException(complaint);
                  });
        }
      }
    }
  }
}
