package io.onnxfleet.engine.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.metrics.ModelStatistics.BatchStatistics;
import io.onnxfleet.engine.metrics.ModelStatistics.Cumulated;
import org.junit.jupiter.api.Test;

class StatisticsRecorderTest {
  private static final ModelVersionId ID = new ModelVersionId("m", 3);

  private final StatisticsRecorder recorder = new StatisticsRecorder(ID, () -> 1_700_000L);

  @Test
  void snapshot_isEmpty_beforeAnythingRan() {
    ModelStatistics statistics = recorder.snapshot();
    assertThat(statistics.inferenceCount()).isZero();
    assertThat(statistics.lastInferenceMillis()).isZero();
    assertThat(statistics.batches()).isEmpty();
  }

  @Test
  void snapshot_countsRowsAsInferences_andBatchesAsExecutions() {
    recorder.batchExecuted(new BatchTiming(2, 5, 5, 0, 10, 100, 20));
    recorder.requestSucceeded(new RequestTiming(2, 500, 50, 10, 100, 20));
    recorder.requestSucceeded(new RequestTiming(3, 600, 60, 10, 100, 20));
    recorder.requestFailed(7);

    ModelStatistics statistics = recorder.snapshot();
    assertThat(statistics.id()).isEqualTo(ID);
    assertThat(statistics.inferenceCount()).isEqualTo(5);
    assertThat(statistics.executionCount()).isEqualTo(1);
    assertThat(statistics.lastInferenceMillis()).isEqualTo(1_700_000L);
    assertThat(statistics.success()).isEqualTo(new Cumulated(2, 1_100));
    assertThat(statistics.fail()).isEqualTo(new Cumulated(1, 7));
    assertThat(statistics.queue()).isEqualTo(new Cumulated(2, 110));
    assertThat(statistics.batches())
        .containsExactly(
            new BatchStatistics(
                5, new Cumulated(1, 10), new Cumulated(1, 100), new Cumulated(1, 20)));
  }
}
