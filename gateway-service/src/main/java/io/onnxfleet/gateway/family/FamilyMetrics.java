package io.onnxfleet.gateway.family;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.ModelFamily;
import io.onnxfleet.gateway.fleet.ModelVariant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Who answers for families, as counters that live as long as their variants. Thread-safe. */
final class FamilyMetrics {

  /** Counter: requests for a family, by the variant that was chosen. */
  static final String CHOSEN = "fleet.gateway.family.chosen";

  private static final String TAG_FAMILY = "family";
  private static final String TAG_MODEL = "model";

  private record Key(String family, String model) {}

  private final MeterRegistry registry;
  private final Map<Key, Counter> counters = new ConcurrentHashMap<>();

  FamilyMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  ModelVariant chosen(ModelVariant variant) {
    counters.computeIfAbsent(new Key(variant.family(), variant.model()), this::counter).increment();
    return variant;
  }

  void retain(Fleet fleet) {
    counters.forEach(
        (key, counter) -> {
          ModelFamily family = fleet.family(key.family);
          boolean isKnown = family != null || fleet.knows(key.model);
          if (!isKnown && counters.remove(key, counter)) {
            registry.remove(counter);
          }
        });
  }

  private Counter counter(Key key) {
    return Counter.builder(CHOSEN)
        .description("requests for a family, by the variant that was chosen")
        .tag(TAG_FAMILY, key.family)
        .tag(TAG_MODEL, key.model)
        .register(registry);
  }
}
