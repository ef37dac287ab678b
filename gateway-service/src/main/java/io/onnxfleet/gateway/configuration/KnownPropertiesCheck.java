package io.onnxfleet.gateway.configuration;

import java.util.List;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.core.Ordered;
import org.springframework.core.PriorityOrdered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.stereotype.Component;

/** Fails the start on unknown keys before anything else of the gateway exists. */
@Component
final class KnownPropertiesCheck implements BeanFactoryPostProcessor, PriorityOrdered {

  @Override
  public int getOrder() {
    return Ordered.HIGHEST_PRECEDENCE;
  }

  @Override
  public void postProcessBeanFactory(ConfigurableListableBeanFactory beanFactory) {
    ConfigurableEnvironment environment = beanFactory.getBean(ConfigurableEnvironment.class);
    List<String> complaints = new KnownProperties().complaints(environment.getPropertySources());
    if (!complaints.isEmpty()) {
      throw new UnknownPropertiesException(String.join("\n", complaints));
    }
  }
}
