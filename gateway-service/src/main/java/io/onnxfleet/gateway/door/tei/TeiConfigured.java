package io.onnxfleet.gateway.door.tei;

import org.springframework.boot.autoconfigure.condition.AnyNestedCondition;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;

/** The door is there as soon as a model of any route is named. */
final class TeiConfigured extends AnyNestedCondition {
  TeiConfigured() {
    super(ConfigurationPhase.REGISTER_BEAN);
  }

  @ConditionalOnProperty("fleet.gateway.tei.models.embed")
  static final class Embeds {}

  @ConditionalOnProperty("fleet.gateway.tei.models.rerank")
  static final class Reranks {}

  @ConditionalOnProperty("fleet.gateway.tei.models.predict")
  static final class Predicts {}

  @ConditionalOnProperty("fleet.gateway.tei.models.sparse")
  static final class Weighs {}
}
