package io.onnxfleet.gateway.routing;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What gateway and replicas are configured with alike.
 *
 * @param defaultModel the model of an embeddings request that names none
 */
@ConfigurationProperties(prefix = "fleet")
public record ModelProperties(@DefaultValue("all-minilm-l6-v2") String defaultModel) {

  public ModelProperties {
    if (defaultModel.isBlank()) {
      throw new IllegalArgumentException("fleet.default-model: '' (expected: a model's name)");
    }
  }
}
