package io.onnxfleet.engine.metrics;

import io.onnxfleet.engine.error.ErrorCode;

/**
 * Receives the engine's events, on the threads where they happen: an implementation is thread-safe,
 * returns at once and never throws.
 */
public interface EngineMetrics {
  EngineMetrics NONE = new EngineMetrics() {};

  /** A version became READY; its gauges may be read until {@link #versionUnloaded}. */
  default void versionReady(ModelVersionId id, String executionProvider, ModelGauges gauges) {}

  /** A version began to load. */
  default void loadBegan(ModelVersionId id) {}

  /** A version that began to load took that long to become READY, or to fail. */
  default void loadEnded(ModelVersionId id, boolean succeeded, long nanos) {}

  default void versionUnloaded(ModelVersionId id) {}

  default void requestSucceeded(ModelVersionId id, RequestTiming timing) {}

  /** A request ended without an answer, that long after its acceptance. */
  default void requestFailed(ModelVersionId id, ErrorCode reason, long nanos) {}

  /** An answer to a merged request was compared with that of the same request alone. */
  default void mergedCompared(ModelVersionId id, boolean differed) {}

  default void batchExecuted(ModelVersionId id, BatchTiming timing) {}
}
