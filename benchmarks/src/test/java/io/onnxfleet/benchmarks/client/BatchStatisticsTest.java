package io.onnxfleet.benchmarks.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class BatchStatisticsTest {
  @Test
  void parse_sumsVersions_whenTheModelHasSeveral() {
    BatchStatistics statistics =
        BatchStatistics.parse(
            JsonMapper.shared()
                .readTree(
                    """
                    {"model_stats": [
                      {"name": "m", "version": "1", "batch_stats": [
                        {"batch_size": 1, "compute_infer": {"count": 3, "ns": 30}},
                        {"batch_size": 8, "compute_infer": {"count": 1, "ns": 40}}]},
                      {"name": "m", "version": "2", "batch_stats": [
                        {"batch_size": 8, "compute_infer": {"count": 2, "ns": 90}}]}]}
                    """));

    assertThat(statistics.executions()).containsOnly(Map.entry(1L, 3L), Map.entry(8L, 3L));
  }

  @Test
  void since_leavesWhatRanInBetween() {
    BatchStatistics before = new BatchStatistics(Map.of(1L, 5L, 4L, 2L));
    BatchStatistics after = new BatchStatistics(Map.of(1L, 5L, 4L, 6L, 16L, 1L));

    assertThat(after.since(before).executions())
        .containsOnly(Map.entry(4L, 4L), Map.entry(16L, 1L));
  }

  @Test
  void since_isNeverNegative_whenAReplicaLeft() {
    BatchStatistics before = new BatchStatistics(Map.of(4L, 9L));
    BatchStatistics after = new BatchStatistics(Map.of(4L, 2L));

    assertThat(after.since(before).executions()).isEmpty();
  }

  @Test
  void meanBatchSize_countsExecutions_notRows() {
    BatchStatistics statistics = new BatchStatistics(Map.of(1L, 3L, 13L, 1L));

    assertThat(statistics.meanBatchSize()).isCloseTo(4.0, within(1e-12));
    assertThat(new BatchStatistics(Map.of()).meanBatchSize()).isZero();
  }

  @Test
  void construction_refusesNegativeCounts() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new BatchStatistics(Map.of(4L, -1L)))
        .withMessage("-1 executions of batch size 4 (expected: none negative)");
  }
}
