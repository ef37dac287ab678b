package io.onnxfleet.inference.observability;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.onnxfleet.engine.InferenceEngine;

/** How many versions are not loaded because they ended a process. */
final class QuarantineMeters implements MeterBinder {
  private final InferenceEngine engine;

  QuarantineMeters(InferenceEngine engine) {
    this.engine = engine;
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    Gauge.builder(MeterNames.MODELS_QUARANTINED, engine, source -> source.quarantined().size())
        .description("Model versions that are not loaded, because they ended a process")
        .register(registry);
  }
}
