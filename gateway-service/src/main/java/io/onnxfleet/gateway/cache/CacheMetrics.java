package io.onnxfleet.gateway.cache;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToDoubleFunction;

/**
 * The cache's events as meters; their number is bounded by the models whose answers are kept. Safe
 * for use by many threads.
 */
final class CacheMetrics {

  /** Counter: requests for models whose answers are kept, by model and result. */
  static final String REQUESTS = "fleet.gateway.cache.requests";

  /** Counter: bytes of answers that were given again, by model. */
  static final String HIT_BYTES = "fleet.gateway.cache.hit.bytes";

  /** Gauge: bytes of the kept answers. */
  static final String SIZE = "fleet.gateway.cache.size";

  /** Gauge: kept answers. */
  static final String ENTRIES = "fleet.gateway.cache.entries";

  private static final String TAG_MODEL = "model";
  private static final String TAG_RESULT = "result";

  /** What a request met. */
  enum Result {
    HIT,
    MISS,
    /** Waited for the answer to an equal request that was under way. */
    JOINED,
    /** The client has the answer already. */
    NOT_MODIFIED,
    /** The client wanted a new answer, or the body was too large to look at. */
    BYPASSED;

    private final String tag = name().toLowerCase(Locale.ROOT);
  }

  private record Met(String model, Result result) {}

  private final MeterRegistry registry;
  private final Map<Met, Counter> requests = new ConcurrentHashMap<>();
  private final Map<String, Counter> hitBytes = new ConcurrentHashMap<>();

  CacheMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  void met(String model, Result result) {
    requests
        .computeIfAbsent(
            new Met(model, result),
            met ->
                Counter.builder(REQUESTS)
                    .description("requests for models whose answers are kept")
                    .tag(TAG_MODEL, met.model)
                    .tag(TAG_RESULT, met.result.tag)
                    .register(registry))
        .increment();
  }

  void given(String model, int bytes) {
    hitBytes
        .computeIfAbsent(
            model,
            name ->
                Counter.builder(HIT_BYTES)
                    .description("answers that were given again")
                    .baseUnit("bytes")
                    .tag(TAG_MODEL, name)
                    .register(registry))
        .increment(bytes);
  }

  <T> void watch(T cache, ToDoubleFunction<T> size, ToDoubleFunction<T> entries) {
    Gauge.builder(SIZE, cache, size)
        .description("kept answers")
        .baseUnit("bytes")
        .register(registry);
    Gauge.builder(ENTRIES, cache, entries).description("kept answers").register(registry);
  }
}
