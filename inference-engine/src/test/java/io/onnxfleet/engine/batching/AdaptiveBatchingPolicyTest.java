package io.onnxfleet.engine.batching;

import static io.onnxfleet.engine.batching.TestItem.item;
import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.batching.latency.LatencyModel;
import io.onnxfleet.engine.request.Deadline;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntToLongFunction;
import org.junit.jupiter.api.Test;

class AdaptiveBatchingPolicyTest {
  private final ManualTicker ticker = new ManualTicker();
  private IntToLongFunction latency = AdaptiveBatchingPolicyTest::cpu;
  private LatencyModel model = new LatencyModel(32);
  private BatchScheduler<TestItem> scheduler = scheduler(1);

  @Test
  void poll_takesTheExecutorsShare_whenNothingIsKnown() {
    scheduler = scheduler(2);
    submit(8);

    assertThat(poll().items()).hasSize(4);
    assertThat(poll().items()).hasSize(4);
  }

  @Test
  void poll_takesWhatPays_whenMoreWaits() {
    learn(AdaptiveBatchingPolicyTest::cpu);
    submit(64);

    assertThat(poll().rows()).isBetween(6, 16);
  }

  @Test
  void poll_takesTheLargestBatch_whenRowsCostLittle() {
    learn(AdaptiveBatchingPolicyTest::accelerator);
    submit(64);

    assertThat(poll().rows()).isGreaterThanOrEqualTo(24);
  }

  @Test
  void poll_leavesOtherExecutorsTheirShare_whenTheyAreBusy() {
    learn(AdaptiveBatchingPolicyTest::cpu);
    scheduler = scheduler(2);
    submit(2);
    poll();
    poll();
    submit(3);

    // 3 wait and 2 run, which is 3 for each of two.
    assertThat(poll().rows()).isEqualTo(3);
  }

  @Test
  void poll_neverLetsALoneCallerWait_whenItReturnsAtOnce() {
    learn(AdaptiveBatchingPolicyTest::accelerator);
    for (int round = 0; round < 200; round++) {
      submit(1);
      Batch<TestItem> batch = scheduler.poll();
      assertThat(batch).as("round %d", round).isNotNull();
      complete(batch);
      ticker.advance(Duration.ofNanos(50_000));
    }
  }

  @Test
  void poll_waitsForThoseWhoReturn_whenThatSavesTime() {
    learn(AdaptiveBatchingPolicyTest::accelerator);
    returnOften(8);
    submit(1);

    assertThat(scheduler.poll()).isNull();
    assertThat(scheduler.nanosUntilReady()).isBetween(1L, latency.applyAsLong(1));
    submit(7);
    assertThat(poll().rows()).isEqualTo(8);
  }

  @Test
  void poll_waitsNoLongerThanItSaves_whenThoseWhoWereExpectedStayAway() {
    learn(AdaptiveBatchingPolicyTest::accelerator);
    returnOften(8);
    submit(1);
    assertThat(scheduler.poll()).isNull();
    ticker.advance(Duration.ofNanos(scheduler.nanosUntilReady()));

    assertThat(poll().rows()).isEqualTo(1);
  }

  @Test
  void poll_doesNotWait_whenAnotherExecutorIsIdle() {
    learn(AdaptiveBatchingPolicyTest::accelerator);
    scheduler = scheduler(2);
    returnOften(8);
    submit(1);

    assertThat(poll().rows()).isEqualTo(1);
  }

  @Test
  void poll_doesNotWait_whenADeadlineIsClose() {
    learn(AdaptiveBatchingPolicyTest::accelerator);
    returnOften(8);
    scheduler.submit(item("a").deadline(Deadline.after(Duration.ofMillis(6), ticker)));

    assertThat(poll().rows()).isEqualTo(1);
  }

  @Test
  void poll_takesFewer_whenALargerBatchWouldMissADeadline() {
    learn(AdaptiveBatchingPolicyTest::cpu);
    scheduler.submit(item("a").deadline(Deadline.after(Duration.ofMillis(40), ticker)));
    submit(5);

    assertThat(poll().rows()).isBetween(2, 3);
  }

  private static long cpu(int rows) {
    return 3_000_000L + 10_000_000L * rows;
  }

  private static long accelerator(int rows) {
    return 5_000_000L + 100_000L * rows;
  }

  private void learn(IntToLongFunction curve) {
    latency = curve;
    model = new LatencyModel(32);
    for (int round = 0; round < 40; round++) {
      for (int rows = 1; rows <= 32; rows *= 2) {
        model.record(rows, 0, curve.applyAsLong(rows));
      }
    }
    // The sizes between, so that nothing is left to be tried.
    for (int rows : new int[] {3, 6, 12, 24, 3, 6, 12, 24, 3, 6, 12, 24, 3, 6, 12, 24}) {
      model.record(rows, 0, curve.applyAsLong(rows));
    }
    scheduler = scheduler(1);
  }

  /** Callers who ask again as soon as they are answered. */
  private void returnOften(int callers) {
    for (int round = 0; round < 40; round++) {
      submit(callers);
      List<Batch<TestItem>> taken = new ArrayList<>();
      Batch<TestItem> batch = scheduler.poll();
      while (batch != null) {
        taken.add(batch);
        batch = scheduler.poll();
      }
      taken.forEach(this::complete);
    }
  }

  private void complete(Batch<TestItem> batch) {
    long nanos = latency.applyAsLong(batch.rows());
    ticker.advance(Duration.ofNanos(nanos));
    scheduler.completed(batch, nanos);
  }

  private void submit(int items) {
    for (int index = 0; index < items; index++) {
      scheduler.submit(item("i" + index));
    }
  }

  private Batch<TestItem> poll() {
    Batch<TestItem> batch = scheduler.poll();
    assertThat(batch).isNotNull();
    return batch;
  }

  private BatchScheduler<TestItem> scheduler(int executors) {
    return new BatchScheduler<>(
        BatchSchedulerOptions.ofMaxBatchSize(32),
        new AdaptiveBatchingPolicy(),
        WorkLimits.NONE.withExecutors(executors),
        model,
        ticker);
  }
}
