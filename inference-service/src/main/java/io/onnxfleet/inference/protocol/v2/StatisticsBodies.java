package io.onnxfleet.inference.protocol.v2;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.onnxfleet.engine.metrics.ModelStatistics;
import io.onnxfleet.engine.metrics.ModelStatistics.BatchStatistics;
import io.onnxfleet.engine.metrics.ModelStatistics.Cumulated;
import java.util.List;
import java.util.Map;

/** Statistics, key by key as Triton's extension has them. */
final class StatisticsBodies {
  private StatisticsBodies() {}

  record Statistics(@JsonProperty("model_stats") List<Model> modelStats) {
    static Statistics of(List<ModelStatistics> models) {
      return new Statistics(models.stream().map(Model::of).toList());
    }
  }

  record Model(
      String name,
      String version,
      @JsonProperty("last_inference") long lastInference,
      @JsonProperty("inference_count") long inferenceCount,
      @JsonProperty("execution_count") long executionCount,
      @JsonProperty("inference_stats") Inference inferenceStats,
      @JsonProperty("response_stats") Map<String, Object> responseStats,
      @JsonProperty("batch_stats") List<Batch> batchStats,
      @JsonProperty("memory_usage") List<Object> memoryUsage) {

    static Model of(ModelStatistics model) {
      return new Model(
          model.id().model(),
          Long.toString(model.id().version()),
          model.lastInferenceMillis(),
          model.inferenceCount(),
          model.executionCount(),
          Inference.of(model),
          Map.of(),
          model.batches().stream().map(Batch::of).toList(),
          List.of());
    }
  }

  record Inference(
      Duration success,
      Duration fail,
      Duration queue,
      @JsonProperty("compute_input") Duration computeInput,
      @JsonProperty("compute_infer") Duration computeInfer,
      @JsonProperty("compute_output") Duration computeOutput,
      @JsonProperty("cache_hit") Duration cacheHit,
      @JsonProperty("cache_miss") Duration cacheMiss) {

    static Inference of(ModelStatistics model) {
      return new Inference(
          Duration.of(model.success()),
          Duration.of(model.fail()),
          Duration.of(model.queue()),
          Duration.of(model.computeInput()),
          Duration.of(model.computeInfer()),
          Duration.of(model.computeOutput()),
          Duration.of(Cumulated.NONE),
          Duration.of(Cumulated.NONE));
    }
  }

  record Batch(
      @JsonProperty("batch_size") long batchSize,
      @JsonProperty("compute_input") Duration computeInput,
      @JsonProperty("compute_infer") Duration computeInfer,
      @JsonProperty("compute_output") Duration computeOutput) {

    static Batch of(BatchStatistics batch) {
      return new Batch(
          batch.batchSize(),
          Duration.of(batch.computeInput()),
          Duration.of(batch.computeInfer()),
          Duration.of(batch.computeOutput()));
    }
  }

  /** How often, and nanoseconds in all. */
  record Duration(long count, long ns) {
    static Duration of(Cumulated cumulated) {
      return new Duration(cumulated.count(), cumulated.nanos());
    }
  }
}
