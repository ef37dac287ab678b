package io.onnxfleet.gateway.rollout;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** Rollouts as meters; those of a model end with its rollout. Thread-safe. */
final class RolloutMetrics {

  /** Counter: requests of a model that is rolled out, by side, and whether they failed. */
  static final String REQUESTS = "fleet.gateway.rollout.requests";

  /** Gauge: the share of the requests that the candidate gets. */
  static final String WEIGHT = "fleet.gateway.rollout.weight";

  /** Counter: candidates that were taken back, by reason. */
  static final String RETURNS = "fleet.gateway.rollout.returns";

  /** Counter: requests given to a candidate beside, by what came of it. */
  static final String SHADOWS = "fleet.gateway.rollout.shadows";

  /** Summary: how much the numbers of two answers differ, of the largest of them. */
  static final String DIFFERENCE = "fleet.gateway.rollout.difference";

  private static final String TAG_MODEL = "model";

  private final MeterRegistry registry;

  RolloutMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  void follows(String model, ToDoubleFunction<String> weight) {
    Gauge.builder(WEIGHT, model, weight)
        .description("share of the requests that the candidate gets")
        .tag(TAG_MODEL, model)
        .strongReference(true)
        .register(registry);
  }

  void ended(String model, Arm arm, boolean isFailure) {
    Counter.builder(REQUESTS)
        .description("requests of a model that is rolled out")
        .tag(TAG_MODEL, model)
        .tag("arm", arm.tag())
        .tag("outcome", isFailure ? "failure" : "success")
        .register(registry)
        .increment();
  }

  void returned(String model, RegressionRule.Kind kind) {
    Counter.builder(RETURNS)
        .description("candidates that were taken back")
        .tag(TAG_MODEL, model)
        .tag("reason", kind.name().toLowerCase(Locale.ROOT))
        .register(registry)
        .increment();
  }

  void shadowed(String model, ShadowResult result) {
    Counter.builder(SHADOWS)
        .description("requests given to a candidate beside")
        .tag(TAG_MODEL, model)
        .tag("result", result.tag())
        .register(registry)
        .increment();
    if (result instanceof ShadowResult.Compared compared) {
      DistributionSummary.builder(DIFFERENCE)
          .description("difference of two answers' numbers, of the largest of them")
          .tag(TAG_MODEL, model)
          .register(registry)
          .record(compared.difference());
    }
  }

  void forget(String model) {
    Tags ofModel = Tags.of(TAG_MODEL, model);
    for (String name : new String[] {REQUESTS, WEIGHT, RETURNS, SHADOWS, DIFFERENCE}) {
      for (Meter meter : registry.find(name).tags(ofModel).meters()) {
        registry.remove(meter);
      }
    }
  }
}
