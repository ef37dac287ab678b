package io.onnxfleet.inference.observability;

import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.ModelMetadata;
import io.onnxfleet.engine.catalog.ModelIndexEntry;
import io.onnxfleet.engine.catalog.ModelState;
import io.onnxfleet.engine.error.InferenceException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;

/**
 * UP while models serve. The details name each model's state, why one is not READY, what the READY
 * ones run on and why preferred execution providers were not taken.
 */
final class ModelsHealth implements HealthIndicator {
  private final InferenceEngine engine;

  ModelsHealth(InferenceEngine engine) {
    this.engine = engine;
  }

  @Override
  public Health health() {
    Map<String, Object> models = new TreeMap<>();
    for (ModelIndexEntry entry : engine.index()) {
      String key = entry.version() == null ? entry.name() : entry.name() + ":" + entry.version();
      models.put(key, describe(entry));
    }
    Health.Builder health = engine.isReady() ? Health.up() : Health.outOfService();
    return health.withDetail("models", models).build();
  }

  private List<String> describe(ModelIndexEntry entry) {
    List<String> description = new ArrayList<>();
    description.add(entry.state().name());
    if (!entry.reason().isEmpty()) {
      description.add(entry.reason());
    }
    if (entry.state() == ModelState.READY) {
      try {
        ModelMetadata model = engine.metadata(entry.name(), entry.version());
        description.add("on " + model.executionProvider());
        description.addAll(model.providerNotes());
        String nodes = model.nodePlacement().describe();
        if (!nodes.isEmpty()) {
          description.add(nodes);
        }
      } catch (InferenceException unloadedMeanwhile) {
        description.add("unloaded meanwhile");
      }
    }
    return description;
  }
}
