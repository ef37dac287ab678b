package io.onnxfleet.configuration;

import io.onnxfleet.contract.configuration.KnownKeys;
import java.util.ArrayList;
import java.util.List;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.core.Ordered;
import org.springframework.core.PriorityOrdered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.Environment;
import org.springframework.core.env.PropertySource;

/**
 * Stops the start, before anything else is made, where a key of this process is set that no
 * properties record reads, as {@link KnownKeys} says. Of environment variables only the process's
 * own are looked at: other programs may own the rest.
 */
public final class UnknownKeyCheck implements BeanFactoryPostProcessor, PriorityOrdered {
  /** Properties beans are named after their prefix; to look at all beans would take far longer. */
  private static final String BEANS = "fleet";

  private final String owner;
  private final Environment environment;

  /**
   * A check for one process.
   *
   * @param owner the second word of its own keys
   */
  public UnknownKeyCheck(String owner, Environment environment) {
    this.owner = owner;
    this.environment = environment;
  }

  @Override
  public int getOrder() {
    return Ordered.HIGHEST_PRECEDENCE;
  }

  @Override
  public void postProcessBeanFactory(ConfigurableListableBeanFactory beans) {
    KnownKeys known = known(beans);
    List<String> complaints = new ArrayList<>();
    for (PropertySource<?> source : ((ConfigurableEnvironment) environment).getPropertySources()) {
      if (source instanceof EnumerablePropertySource<?> keys) {
        for (String key : keys.getPropertyNames()) {
          known
              .complaint(key)
              .ifPresent(complaint -> complaints.add(source.getName() + ": " + complaint));
        }
      }
    }
    if (!complaints.isEmpty()) {
      throw new UnknownKeysException(String.join("\n", complaints));
    }
  }

  private KnownKeys known(ConfigurableListableBeanFactory beans) {
    KnownKeys known = new KnownKeys(owner);
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
          && (annotation.prefix() + ".").startsWith(BEANS + ".")) {
        known.add(annotation.prefix(), type);
      }
    }
    return known;
  }
}
