package io.onnxfleet.engine.batching;

import static io.onnxfleet.engine.batching.TestItem.item;
import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.batching.QueuePolicy.TimeoutAction;
import io.onnxfleet.engine.batching.latency.LatencyModel;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.request.PriorityLevels;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Work that nobody waits for, beside work that somebody does. */
class BackgroundTest {
  private static final Duration LATELY = Duration.ofSeconds(10);

  private static final long MILLI = 1_000_000;

  private final ManualTicker ticker = new ManualTicker();

  /** By which 20 ms are enough for six rows. */
  private LatencyModel model = learned(3);

  private BatchScheduler<TestItem> scheduler = scheduler(32, Duration.ZERO);

  @Test
  void batch_isShort_whereOthersCameLately() {
    serveOne();
    submitBackground(32);
    assertThat(poll().rows()).isEqualTo(6);
    ticker.advance(LATELY.minusMillis(2));
    assertThat(poll().rows()).isEqualTo(6);
    ticker.advance(Duration.ofMillis(1));
    assertThat(poll().rows()).isGreaterThan(6);
  }

  @Test
  void batch_isAsLargeAsPays_whereNothingElseCame() {
    submitBackground(64);
    assertThat(poll().rows()).isGreaterThan(6);
  }

  @Test
  void batch_hasOneItem_whereThatIsLong() {
    model = learned(30);
    scheduler = scheduler(32, Duration.ZERO);
    serveOne();
    submitBackground(4);
    assertThat(poll().rows()).isEqualTo(1);
  }

  @Test
  void batch_hasOneItem_whileNothingIsKnown() {
    model = new LatencyModel(32);
    scheduler = scheduler(32, Duration.ZERO);
    serveOne();
    submitBackground(4);
    assertThat(poll().rows()).isEqualTo(1);
  }

  /** A long one, which would make the others dear. */
  @Test
  void batch_isAsShortAsItsLengthsAllow() {
    model = new LatencyModel(32);
    for (int round = 0; round < 40; round++) {
      for (int rows = 1; rows <= 32; rows *= 2) {
        for (int length : new int[] {16, 64}) {
          model.record(rows, length, MILLI + MILLI * rows * length / 16);
        }
      }
    }
    scheduler = scheduler(32, Duration.ZERO);
    serveOne();
    for (int index = 0; index < 12; index++) {
      scheduler.submit(background("b" + index).length(64));
    }
    int rows = poll().rows();
    assertThat(model.curve().nanos(rows, 64)).isLessThanOrEqualTo(20 * MILLI);
    assertThat(model.curve().nanos(rows + 1, 64)).isGreaterThan(20 * MILLI);
  }

  @Test
  void others_goFirst_andByThemselves() {
    submitBackground(4);
    TestItem one = item("one");
    TestItem other = item("other");
    scheduler.submit(one);
    scheduler.submit(other);
    assertThat(poll().items()).containsExactly(one, other);
    assertThat(poll().items()).hasSize(4);
  }

  @Test
  void background_waits_whileOthersWaitForMates() {
    scheduler = scheduler(4, Duration.ofMillis(5));
    submitBackground(4);
    TestItem one = item("one");
    scheduler.submit(one);
    assertThat(scheduler.poll()).isNull();
    assertThat(scheduler.nanosUntilReady()).isEqualTo(5 * MILLI);
    ticker.advance(Duration.ofMillis(5));
    assertThat(poll().items()).containsExactly(one);
    assertThat(poll().items()).hasSize(4);
  }

  /** Those who are answered and ask again are no company for anybody who waits. */
  @Test
  void others_waitForNoBackground_thatReturns() {
    model = new LatencyModel(32);
    for (int round = 0; round < 40; round++) {
      for (int rows = 1; rows <= 32; rows *= 2) {
        model.record(rows, 0, 5 * MILLI + MILLI * rows / 10);
      }
    }
    scheduler = scheduler(32, Duration.ZERO);
    for (int round = 0; round < 200; round++) {
      submitBackground(8);
      complete(poll());
    }
    TestItem one = item("one");
    scheduler.submit(one);
    assertThat(poll().items()).containsExactly(one);
  }

  @Test
  void backlog_refusesNobody_andIsNoCrowdForOthers() {
    QueuePolicy policy = new QueuePolicy(64, Duration.ZERO, TimeoutAction.REJECT);
    scheduler =
        scheduler(new BatchSchedulerOptions(32, List.of(), Duration.ZERO, 2, 1, policy, Map.of()));
    submitBackground(64);
    TestItem hurried = item("one").deadline(Deadline.after(Duration.ofMillis(8), ticker));
    scheduler.submit(hurried);
    scheduler.submit(item("two").priority(2));
    assertThat(poll().items()).contains(hurried);
    assertThat(hurried.failures()).isEmpty();
  }

  /** Ends one that somebody waited for. */
  private void serveOne() {
    scheduler.submit(item("first"));
    complete(poll());
  }

  private void complete(Batch<TestItem> batch) {
    ticker.advance(Duration.ofMillis(1));
    scheduler.completed(batch, MILLI);
  }

  private static TestItem background(String name) {
    return item(name).priority(PriorityLevels.BACKGROUND);
  }

  private void submitBackground(int items) {
    for (int index = 0; index < items; index++) {
      scheduler.submit(background("b" + index));
    }
  }

  private Batch<TestItem> poll() {
    Batch<TestItem> batch = scheduler.poll();
    assertThat(batch).isNotNull();
    return batch;
  }

  /** Of batches that take a millisecond, and so many for each row. */
  private static LatencyModel learned(int millisOfARow) {
    LatencyModel model = new LatencyModel(32);
    for (int round = 0; round < 40; round++) {
      for (int rows = 1; rows <= 32; rows++) {
        model.record(rows, 0, MILLI + MILLI * rows * millisOfARow);
      }
    }
    return model;
  }

  private BatchScheduler<TestItem> scheduler(int maxBatchSize, Duration delay) {
    return scheduler(
        new BatchSchedulerOptions(
            maxBatchSize, List.of(), delay, 1, 1, QueuePolicy.DEFAULT, Map.of()));
  }

  private BatchScheduler<TestItem> scheduler(BatchSchedulerOptions options) {
    return new BatchScheduler<>(
        options,
        options.maxQueueDelay().isZero()
            ? new AdaptiveBatchingPolicy()
            : new TritonBatchingPolicy(options),
        WorkLimits.NONE,
        model,
        ticker);
  }
}
