package io.onnxfleet.engine.metrics;

import java.util.List;

/**
 * The counters of one model version since it was loaded, by the terms of Triton's statistics
 * extension.
 *
 * @param lastInferenceMillis when the last execution ended, in milliseconds since the epoch; 0 if
 *     there was none
 * @param inferenceCount rows inferred
 * @param executionCount executions of the model; fewer than inferences where batches formed
 * @param batches by executed batch size, ascending
 */
public record ModelStatistics(
    ModelVersionId id,
    long lastInferenceMillis,
    long inferenceCount,
    long executionCount,
    Cumulated success,
    Cumulated fail,
    Cumulated queue,
    Cumulated computeInput,
    Cumulated computeInfer,
    Cumulated computeOutput,
    List<BatchStatistics> batches) {

  public ModelStatistics {
    batches = List.copyOf(batches);
  }

  /** How often something happened and how many nanoseconds it took in all. */
  public record Cumulated(long count, long nanos) {
    public static final Cumulated NONE = new Cumulated(0, 0);
  }

  /** The executions of one batch size. */
  public record BatchStatistics(
      long batchSize, Cumulated computeInput, Cumulated computeInfer, Cumulated computeOutput) {}
}
