package io.onnxfleet.engine.instance;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.metrics.BatchTiming;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.metrics.ModelStatistics;
import io.onnxfleet.engine.metrics.ModelVersionId;
import io.onnxfleet.engine.metrics.RequestTiming;
import io.onnxfleet.engine.metrics.StatisticsRecorder;
import io.onnxfleet.engine.request.Ticker;

/** Tells the events of one model version to its statistics and to the metrics. Thread-safe. */
final class VersionEvents {
  private final ModelVersionId id;
  private final EngineMetrics metrics;
  private final StatisticsRecorder statistics;
  private final Ticker ticker;

  VersionEvents(
      ModelVersionId id, EngineMetrics metrics, StatisticsRecorder statistics, Ticker ticker) {
    this.id = id;
    this.metrics = metrics;
    this.statistics = statistics;
    this.ticker = ticker;
  }

  ModelVersionId id() {
    return id;
  }

  long now() {
    return ticker.nanoTime();
  }

  ModelStatistics statistics() {
    return statistics.snapshot();
  }

  void requestSucceeded(RequestTiming parts, long accepted) {
    RequestTiming timing =
        new RequestTiming(
            parts.rows(),
            now() - accepted,
            parts.queue(),
            parts.computeInput(),
            parts.computeInfer(),
            parts.computeOutput());
    statistics.requestSucceeded(timing);
    metrics.requestSucceeded(id, timing);
  }

  void requestFailed(ErrorCode reason, long accepted) {
    long nanos = now() - accepted;
    statistics.requestFailed(nanos);
    metrics.requestFailed(id, reason, nanos);
  }

  /** An answer to a merged request was compared with that of the request alone. */
  void mergedCompared(boolean differed) {
    metrics.mergedCompared(id, differed);
  }

  void batchExecuted(BatchTiming timing) {
    statistics.batchExecuted(timing);
    metrics.batchExecuted(id, timing);
  }
}
