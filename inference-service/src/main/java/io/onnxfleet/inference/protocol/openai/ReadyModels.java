package io.onnxfleet.inference.protocol.openai;

import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.catalog.ModelIndexEntry;
import io.onnxfleet.engine.catalog.ModelState;
import java.util.List;

/** The engine's models that take requests. */
final class ReadyModels {
  private ReadyModels() {}

  /** Their names, sorted. */
  static List<String> names(InferenceEngine engine) {
    return engine.index().stream()
        .filter(entry -> entry.state() == ModelState.READY)
        .map(ModelIndexEntry::name)
        .distinct()
        .sorted()
        .toList();
  }
}
