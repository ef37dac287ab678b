package io.onnxfleet.inference.observability;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.metrics.BatchTiming;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.metrics.ModelGauges;
import io.onnxfleet.engine.metrics.ModelVersionId;
import io.onnxfleet.engine.metrics.RequestTiming;

/** Tells the engine's events to two listeners. */
record SharedEngineMetrics(EngineMetrics first, EngineMetrics second) implements EngineMetrics {
  @Override
  public void versionReady(ModelVersionId id, String executionProvider, ModelGauges gauges) {
    first.versionReady(id, executionProvider, gauges);
    second.versionReady(id, executionProvider, gauges);
  }

  @Override
  public void loadBegan(ModelVersionId id) {
    first.loadBegan(id);
    second.loadBegan(id);
  }

  @Override
  public void loadEnded(ModelVersionId id, boolean succeeded, long nanos) {
    first.loadEnded(id, succeeded, nanos);
    second.loadEnded(id, succeeded, nanos);
  }

  @Override
  public void versionUnloaded(ModelVersionId id) {
    first.versionUnloaded(id);
    second.versionUnloaded(id);
  }

  @Override
  public void requestSucceeded(ModelVersionId id, RequestTiming timing) {
    first.requestSucceeded(id, timing);
    second.requestSucceeded(id, timing);
  }

  @Override
  public void requestFailed(ModelVersionId id, ErrorCode reason, long nanos) {
    first.requestFailed(id, reason, nanos);
    second.requestFailed(id, reason, nanos);
  }

  @Override
  public void mergedCompared(ModelVersionId id, boolean differed) {
    first.mergedCompared(id, differed);
    second.mergedCompared(id, differed);
  }

  @Override
  public void batchExecuted(ModelVersionId id, BatchTiming timing) {
    first.batchExecuted(id, timing);
    second.batchExecuted(id, timing);
  }
}
