package io.onnxfleet.inference.observability;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.metrics.BatchTiming;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.metrics.ModelGauges;
import io.onnxfleet.engine.metrics.ModelVersionId;
import io.onnxfleet.engine.metrics.RequestTiming;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Turns the engine's events into meters. A version's meters are there while it is READY and go with
 * it; what its last requests tell after that is dropped. Thread-safe.
 */
public final class EngineMeters implements EngineMetrics {
  private final MeterRegistry registry;
  private final Map<ModelVersionId, VersionMeters> versions = new ConcurrentHashMap<>();
  private final AtomicInteger loading = new AtomicInteger();
  private final Timer loaded;
  private final Timer failed;

  public EngineMeters(MeterRegistry registry) {
    this.registry = registry;
    Gauge.builder(MeterNames.MODELS_LOADING, loading, AtomicInteger::get)
        .description("Model versions that are being loaded")
        .register(registry);
    loaded = loads("ready");
    failed = loads("failed");
  }

  private Timer loads(String outcome) {
    return Timer.builder(MeterNames.LOAD_DURATION)
        .description("Loading and warming up of a model version")
        .tag(MeterNames.OUTCOME_TAG, outcome)
        .register(registry);
  }

  @Override
  public void loadBegan(ModelVersionId id) {
    loading.incrementAndGet();
  }

  @Override
  public void loadEnded(ModelVersionId id, boolean succeeded, long nanos) {
    loading.decrementAndGet();
    (succeeded ? loaded : failed).record(nanos, TimeUnit.NANOSECONDS);
  }

  @Override
  public void versionReady(ModelVersionId id, String executionProvider, ModelGauges gauges) {
    versions.compute(
        id,
        (key, before) -> {
          if (before != null) {
            before.remove();
          }
          return new VersionMeters(registry, id, executionProvider, gauges);
        });
  }

  @Override
  public void versionUnloaded(ModelVersionId id) {
    VersionMeters meters = versions.remove(id);
    if (meters != null) {
      meters.remove();
    }
  }

  @Override
  public void requestSucceeded(ModelVersionId id, RequestTiming timing) {
    VersionMeters meters = versions.get(id);
    if (meters != null) {
      meters.used().requestSucceeded(timing);
    }
  }

  @Override
  public void requestFailed(ModelVersionId id, ErrorCode reason, long nanos) {
    VersionMeters meters = versions.get(id);
    if (meters != null) {
      meters.used().requestFailed(reason);
    }
  }

  @Override
  public void mergedCompared(ModelVersionId id, boolean differed) {
    VersionMeters meters = versions.get(id);
    if (meters != null) {
      meters.used().mergedCompared(differed);
    }
  }

  @Override
  public void batchExecuted(ModelVersionId id, BatchTiming timing) {
    VersionMeters meters = versions.get(id);
    if (meters != null) {
      meters.used().batchExecuted(timing);
    }
  }
}
