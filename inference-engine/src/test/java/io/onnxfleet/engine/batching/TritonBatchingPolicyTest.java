package io.onnxfleet.engine.batching;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.batching.BatchingPolicy.Close;
import io.onnxfleet.engine.batching.BatchingPolicy.Decision;
import io.onnxfleet.engine.batching.BatchingPolicy.Wait;
import io.onnxfleet.engine.request.Deadline;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TritonBatchingPolicyTest {
  private static final long QUEUED = 1_000;
  private static final Duration DELAY = Duration.ofNanos(100);
  private static final int MAXIMUM = 8;

  @Test
  void decide_closesAtOnce_whenThereIsNoDelay() {
    assertThat(decide(Duration.ZERO, List.of(), QUEUED, 1)).isEqualTo(new Close(MAXIMUM));
  }

  @Test
  void decide_closesWithTheLargestPreferredSize_whenSeveralAreReached() {
    assertThat(decide(Duration.ZERO, List.of(4, 2), QUEUED, 1, 1, 1, 1, 1)).isEqualTo(new Close(4));
    assertThat(decide(DELAY, List.of(2, 4), QUEUED, 1, 1, 1)).isEqualTo(new Close(2));
  }

  @Test
  void decide_closesWithAPreferredSize_whenTheBatchCouldBeFull() {
    assertThat(decide(Duration.ZERO, List.of(6), QUEUED, 3, 3, 2)).isEqualTo(new Close(6));
  }

  @Test
  void decide_closesAsItIs_whenNoRunOfItemsHasAPreferredSize() {
    assertThat(decide(Duration.ZERO, List.of(4), QUEUED, 3, 3)).isEqualTo(new Close(MAXIMUM));
  }

  @Test
  void decide_waitsUntilTheOldestIsDue_whenTheBatchCanGrow() {
    assertThat(decide(DELAY, List.of(4), QUEUED + 99, 1, 1)).isEqualTo(new Wait(QUEUED + 100));
  }

  @Test
  void decide_closesAsItIs_whenTheOldestIsDue() {
    assertThat(decide(DELAY, List.of(), QUEUED + 100, 1)).isEqualTo(new Close(MAXIMUM));
    assertThat(decide(DELAY, List.of(2), QUEUED + 100, 1, 1, 1)).isEqualTo(new Close(MAXIMUM));
  }

  @Test
  void decide_closesAsItIs_whenTheBatchIsFull() {
    assertThat(decide(DELAY, List.of(), QUEUED, 8)).isEqualTo(new Close(MAXIMUM));
    assertThat(decide(DELAY, List.of(), QUEUED, 6, 3)).isEqualTo(new Close(MAXIMUM));
  }

  @Test
  void decide_closesAsItIs_whenADeadlineWouldPassWhileItWaits() {
    OpenBatch<TestItem> open = open(QUEUED, 1, 1);
    BatchSchedulerOptions options = options(DELAY, List.of());
    join(open, options, new TestItem("due").deadline(new Deadline(true, QUEUED + 100)), QUEUED);

    assertThat(new TritonBatchingPolicy(options).decide(open, QUEUED))
        .isEqualTo(new Close(MAXIMUM));
  }

  @Test
  void decide_waits_whenTheDeadlineIsBehindTheDelay() {
    OpenBatch<TestItem> open = open(QUEUED, 1, 1);
    BatchSchedulerOptions options = options(DELAY, List.of());
    join(open, options, new TestItem("later").deadline(new Deadline(true, QUEUED + 101)), QUEUED);

    assertThat(new TritonBatchingPolicy(options).decide(open, QUEUED))
        .isEqualTo(new Wait(QUEUED + 100));
  }

  @Test
  void decide_countsFromTheOldestItem_whenItIsNotTheFirst() {
    OpenBatch<TestItem> open = open(QUEUED, 1);
    BatchSchedulerOptions options = options(DELAY, List.of());
    join(open, options, new TestItem("older"), QUEUED - 60);

    assertThat(new TritonBatchingPolicy(options).decide(open, QUEUED))
        .isEqualTo(new Wait(QUEUED + 40));
  }

  private static Decision decide(Duration delay, List<Integer> preferred, long now, int... rows) {
    return new TritonBatchingPolicy(options(delay, preferred)).decide(open(QUEUED, rows), now);
  }

  private static BatchSchedulerOptions options(Duration delay, List<Integer> preferred) {
    return new BatchSchedulerOptions(
        MAXIMUM, preferred, delay, 1, 1, QueuePolicy.DEFAULT, Map.of());
  }

  private static OpenBatch<TestItem> open(long queuedNanos, int... rows) {
    OpenBatch<TestItem> open = new OpenBatch<>(MAXIMUM);
    BatchSchedulerOptions options = BatchSchedulerOptions.ofMaxBatchSize(MAXIMUM);
    for (int count : rows) {
      join(open, options, new TestItem("of " + count).rows(count), queuedNanos);
    }
    return open;
  }

  private static void join(
      OpenBatch<TestItem> open, BatchSchedulerOptions options, TestItem item, long queuedNanos) {
    QueueEntry<TestItem> entry = new QueueEntry<>(item, options);
    entry.queuedNanos = queuedNanos;
    open.join(entry);
  }
}
