package io.onnxfleet.gateway.admission;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToDoubleFunction;

/** The limiters as gauges, by model; each lives as long as its limiter. Safe for many threads. */
final class AdmissionMetrics {

  /** Gauge: how many requests of the model may be at the replicas at a time. */
  static final String LIMIT = "fleet.gateway.model.limit";

  /** Gauge: how many are. */
  static final String IN_FLIGHT = "fleet.gateway.model.in.flight";

  /** Gauge: how many wait in the gateway for a place. */
  static final String WAITING = "fleet.gateway.model.waiting";

  private static final String TAG_MODEL = "model";

  private final MeterRegistry registry;
  private final Map<String, List<Meter>> meters = new ConcurrentHashMap<>();

  AdmissionMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  void added(String model, ModelLimiter limiter) {
    meters.put(
        model,
        List.of(
            gauge(
                LIMIT, "requests that may be at the replicas", model, limiter, ModelLimiter::limit),
            gauge(IN_FLIGHT, "requests at the replicas", model, limiter, ModelLimiter::inFlight),
            gauge(WAITING, "requests waiting for a place", model, limiter, ModelLimiter::waiting)));
  }

  void removed(String model) {
    List<Meter> gone = meters.remove(model);
    if (gone != null) {
      gone.forEach(registry::remove);
    }
  }

  private Meter gauge(
      String name,
      String description,
      String model,
      ModelLimiter limiter,
      ToDoubleFunction<ModelLimiter> value) {
    return Gauge.builder(name, limiter, value)
        .description(description)
        .tag(TAG_MODEL, model)
        .register(registry);
  }
}
