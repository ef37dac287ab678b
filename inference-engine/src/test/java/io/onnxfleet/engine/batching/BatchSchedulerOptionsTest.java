package io.onnxfleet.engine.batching;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.engine.batching.QueuePolicy.TimeoutAction;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BatchSchedulerOptionsTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          0 | 1 | 1 | 0  | max-batch-size: 0 (expected: >= 1)
          8 | 9 | 1 | 0  | preferred-batch-size: 9 (expected: 1 to the max-batch-size of 8)
          8 | 0 | 1 | 0  | preferred-batch-size: 0 (expected: 1 to the max-batch-size of 8)
          8 | 8 | 0 | 0  | priority-levels: 0 (expected: 1 to 1024)
          8 | 8 | 1 | -1 | max-queue-delay: PT-0.001S (expected: 0 to PT24H)
          """)
  void options_sayWhatIsExpected_whenAValueIsOutOfBounds(
      int maximum, int preferred, int levels, int delayMillis, String message) {
    assertThatThrownBy(
            () ->
                new BatchSchedulerOptions(
                    maximum,
                    maximum == 0 ? List.of() : List.of(preferred),
                    Duration.ofMillis(delayMillis),
                    levels,
                    1,
                    QueuePolicy.DEFAULT,
                    Map.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  @Test
  void options_refuseALevel_whenItIsNotOneOfThem() {
    assertThatThrownBy(() -> levels(2, 3, Map.of()))
        .hasMessage("default-priority-level: 3 (expected: 1 to the priority-levels of 2)");
    assertThatThrownBy(() -> levels(2, 2, Map.of(3, QueuePolicy.DEFAULT)))
        .hasMessage("priority-queue-policy: 3 (expected: 1 to the priority-levels of 2)");
  }

  @Test
  void options_sortThePreferredSizes_whenTheyComeInAnyOrder() {
    BatchSchedulerOptions options =
        new BatchSchedulerOptions(
            8, List.of(4, 2, 4), Duration.ZERO, 1, 1, QueuePolicy.DEFAULT, Map.of());

    assertThat(options.preferredBatchSizes()).containsExactly(2, 4);
  }

  @Test
  void queuePolicy_isTheDefaultOne_whenTheLevelHasNoneOfItsOwn() {
    QueuePolicy own = new QueuePolicy(5, Duration.ofSeconds(1), TimeoutAction.DELAY);
    BatchSchedulerOptions options = levels(2, 2, Map.of(1, own));

    assertThat(options.queuePolicy(1)).isEqualTo(own);
    assertThat(options.queuePolicy(2)).isEqualTo(QueuePolicy.DEFAULT);
    assertThat(options.queuePolicy(2).bound()).isEqualTo(QueuePolicy.LARGEST_QUEUE_SIZE);
  }

  @Test
  void queuePolicy_saysWhatIsExpected_whenAValueIsOutOfBounds() {
    assertThatThrownBy(() -> new QueuePolicy(65_537, Duration.ZERO, TimeoutAction.REJECT))
        .hasMessage("max-queue-size: 65537 (expected: 0 to 65536)");
    assertThatThrownBy(() -> new QueuePolicy(0, Duration.ofDays(2), TimeoutAction.REJECT))
        .hasMessage("timeout: PT48H (expected: 0 to PT24H)");
  }

  @Test
  void levelOf_refuses_whenThePriorityIsNegative() {
    assertThatThrownBy(() -> levels(2, 1, Map.of()).levelOf(-1))
        .hasMessage("priority: -1 (expected: >= 0)");
  }

  private static BatchSchedulerOptions levels(
      int levels, int defaultLevel, Map<Integer, QueuePolicy> policies) {
    return new BatchSchedulerOptions(
        8, List.of(), Duration.ZERO, levels, defaultLevel, QueuePolicy.DEFAULT, policies);
  }
}
