package io.onnxfleet.inference.observability;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.onnxfleet.engine.metrics.ModelGauges;
import io.onnxfleet.engine.metrics.ModelVersionId;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * The meters of one model version. What an autoscaler or a dashboard looks at is there from the
 * start, as a series that appears only with the first request cannot be scaled on; all that is
 * about requests ({@link UsedVersionMeters}) appears with the first of them: most of a thousand
 * models are never asked. Thread-safe.
 */
final class VersionMeters {
  private final MeterRegistry registry;
  private final Tags tags;
  private final ModelGauges gauges;
  private final List<Meter> meters = new ArrayList<>();
  private volatile @Nullable UsedVersionMeters used;

  @GuardedBy("this")
  private boolean removed;

  VersionMeters(
      MeterRegistry registry, ModelVersionId id, String executionProvider, ModelGauges gauges) {
    this.registry = registry;
    this.gauges = gauges;
    this.tags =
        Tags.of(
            MeterNames.MODEL_TAG, id.model(), MeterNames.VERSION_TAG, Long.toString(id.version()));
    gauge(
        MeterNames.MODEL_READY,
        "1 for each version that takes requests",
        null,
        tags.and(MeterNames.PROVIDER_TAG, executionProvider),
        gauges,
        ready -> 1);
    gauge(
        MeterNames.BUSY_SHARE,
        "Share of the instances' time that was spent on batches lately",
        null,
        tags,
        gauges,
        ModelGauges::busyShare);
    gauge(
        MeterNames.QUEUE_DELAY,
        "How long the oldest waiting request has waited",
        "seconds",
        tags,
        gauges,
        ModelGauges::queueDelaySeconds);
    gauge(
        MeterNames.PENDING_REQUESTS,
        "Requests that wait for an instance",
        null,
        tags,
        gauges,
        ModelGauges::pendingRequests);
    gauge(
        MeterNames.INSTANCES,
        "Parallel executors of the version",
        null,
        tags,
        gauges,
        ModelGauges::instances);
    gauge(
        MeterNames.TRITON_PENDING_REQUESTS,
        "Requests that wait for an instance, by Triton's name",
        null,
        tags,
        gauges,
        ModelGauges::pendingRequests);
  }

  /** Those about requests, which are there from now on. */
  UsedVersionMeters used() {
    UsedVersionMeters there = used;
    return there == null ? firstUsed() : there;
  }

  private synchronized UsedVersionMeters firstUsed() {
    UsedVersionMeters there = used;
    if (there == null) {
      there = new UsedVersionMeters(registry, tags, gauges);
      used = there;
      if (removed) {
        there.remove();
      }
    }
    return there;
  }

  /** Takes all of them out of the registry. */
  synchronized void remove() {
    removed = true;
    meters.forEach(registry::remove);
    UsedVersionMeters there = used;
    if (there != null) {
      there.remove();
    }
  }

  private <T> void gauge(
      String name,
      String description,
      @Nullable String unit,
      Tags gaugeTags,
      T source,
      ToDoubleFunction<T> reading) {
    meters.add(
        Gauge.builder(name, source, reading)
            .description(description)
            .baseUnit(unit)
            .tags(gaugeTags)
            .strongReference(true)
            .register(registry));
  }
}
