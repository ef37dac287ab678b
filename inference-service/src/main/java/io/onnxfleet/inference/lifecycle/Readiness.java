package io.onnxfleet.inference.lifecycle;

import io.onnxfleet.engine.InferenceEngine;
import java.util.Optional;

/**
 * Whether this replica may be counted on: models serve, it does not go away, and gateways can find
 * it, because the registry has taken it in once. Thread-safe; never blocks.
 */
public final class Readiness {
  private final InferenceEngine engine;
  private final Admission admission;
  private final Optional<RegistryMembership> registry;

  /**
   * Looks at these.
   *
   * @param registry empty where there is none to be found in
   */
  Readiness(InferenceEngine engine, Admission admission, Optional<RegistryMembership> registry) {
    this.engine = engine;
    this.admission = admission;
    this.registry = registry;
  }

  public boolean isReady() {
    return engine.isReady()
        && !admission.isShut()
        && registry.map(RegistryMembership::isTaken).orElse(true);
  }
}
