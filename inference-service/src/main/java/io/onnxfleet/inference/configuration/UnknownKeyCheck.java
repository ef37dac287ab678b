package io.onnxfleet.inference.configuration;

import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.IterableConfigurationPropertySource;
import org.springframework.core.env.Environment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

/**
 * Stops the start where a key under {@code fleet.} is set that no properties record reads. Of
 * environment variables only those that begin with {@code FLEET_INFERENCE_} are looked at: other
 * programs may own the rest.
 */
final class UnknownKeyCheck implements BeanFactoryPostProcessor {
  private static final ConfigurationPropertyName ROOT = ConfigurationPropertyName.of("fleet");
  private static final ConfigurationPropertyName OURS =
      ConfigurationPropertyName.of("fleet.inference");

  /** Properties beans are named after their prefix; to look at all beans would take far longer. */
  private static final String BEANS = "fleet";

  private final Environment environment;

  UnknownKeyCheck(Environment environment) {
    this.environment = environment;
  }

  @Override
  public void postProcessBeanFactory(ConfigurableListableBeanFactory beans) {
    KnownKeys known = new KnownKeys();
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
    for (ConfigurationPropertySource source : ConfigurationPropertySources.get(environment)) {
      if (source instanceof IterableConfigurationPropertySource keys) {
        ConfigurationPropertyName root =
            source.getUnderlyingSource() instanceof SystemEnvironmentPropertySource ? OURS : ROOT;
        keys.stream().filter(root::isAncestorOf).forEach(key -> require(known, key));
      }
    }
  }

  private static void require(KnownKeys known, ConfigurationPropertyName key) {
    if (!known.contains(key)) {
      throw new UnknownKeyException(
          "unknown key '%s' (the nearest known key is '%s')".formatted(key, known.nearest(key)));
    }
  }
}
