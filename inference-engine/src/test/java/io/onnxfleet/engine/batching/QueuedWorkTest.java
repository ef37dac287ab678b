package io.onnxfleet.engine.batching;

import static io.onnxfleet.engine.batching.TestItem.item;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.onnxfleet.engine.batching.QueuePolicy.TimeoutAction;
import io.onnxfleet.engine.batching.latency.LatencyModel;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What the queue does with the time that work takes, with callers and with lengths. */
class QueuedWorkTest {
  private static final int MAXIMUM = 8;
  private static final Duration MILLI = Duration.ofMillis(1);

  private final ManualTicker ticker = new ManualTicker();
  private LatencyModel model = new LatencyModel(MAXIMUM);
  private WorkLimits limits = WorkLimits.NONE;
  private int bound = QueuePolicy.LARGEST_QUEUE_SIZE;
  private BatchScheduler<TestItem> scheduler = scheduler();

  @Test
  void submit_refuses_whenTheDeadlineCannotBeMet() {
    learnMilliPerRow();
    submit("a", 40);

    InferenceException refusal = refusal(item("late").caller("a").deadline(in(30)));
    assertThat(refusal.code()).isEqualTo(ErrorCode.DEADLINE_EXCEEDED);
    assertThat(refusal).hasMessageContaining("30.0 ms left").hasMessageContaining("to execute");
    scheduler.submit(item("in time").caller("a").deadline(in(70)));
  }

  @Test
  void submit_doesNotRefuseByTime_whenTooLittleIsKnown() {
    submit("a", 40);
    scheduler.submit(item("perhaps late").deadline(in(1)));

    assertThat(scheduler.status().items()).isEqualTo(41);
  }

  @Test
  void submit_triesOneInAWhile_whenPredictionsWouldRefuseAllForEver() {
    for (int round = 0; round < 80; round++) {
      model.record(1, 0, Duration.ofMillis(400).toNanos());
    }
    int answered = 0;
    for (int attempt = 0; attempt < 64; attempt++) {
      try {
        scheduler.submit(item("a").deadline(in(300)));
        Batch<TestItem> batch = scheduler.poll();
        assertThat(batch).isNotNull();
        scheduler.completed(batch, MILLI.toNanos());
        answered++;
      } catch (InferenceException refused) {
        assertThat(refused.code()).isEqualTo(ErrorCode.DEADLINE_EXCEEDED);
      }
    }

    assertThat(answered).isEqualTo(4);
  }

  @Test
  void submit_countsWhatRuns_whenTheQueueIsEmpty() {
    learnMilliPerRow();
    submit("a", MAXIMUM);
    assertThat(scheduler.poll()).isNotNull();

    assertThat(refusal(item("late").deadline(in(5))).code()).isEqualTo(ErrorCode.DEADLINE_EXCEEDED);
    ticker.advance(MILLI.multipliedBy(7));
    scheduler.submit(item("in time").deadline(in(5)));
  }

  @Test
  void poll_dropsWhatIsTooLate_whenItsExecutionWouldOutlastItsDeadline() {
    learnMilliPerRow();
    TestItem late = item("late").rows(4).deadline(in(10));
    scheduler.submit(late);
    ticker.advance(MILLI.multipliedBy(8));

    assertThat(scheduler.poll()).isNull();
    assertThat(late.failures()).hasSize(1);
    assertThat(late.failures().getFirst().code()).isEqualTo(ErrorCode.DEADLINE_EXCEEDED);
    assertThat(late.failures().getFirst()).hasMessageContaining("too close");
  }

  @Test
  void submit_refusesAndSaysWhenToComeAgain_whenTooMuchWorkWaits() {
    limits = new WorkLimits(1, 0, Duration.ofSeconds(4));
    scheduler = scheduler();
    learnMilliPerRow();
    submit("a", 3_900);
    InferenceException refusal =
        catchThrowableOfType(InferenceException.class, () -> submit("a", 200));

    assertThat(refusal.code()).isEqualTo(ErrorCode.QUEUE_FULL);
    assertThat(refusal).hasMessageContaining("(expected: <= 4000.0 ms)");
    assertThat(refusal.retryAfter()).isBetween(Duration.ofSeconds(1), Duration.ofSeconds(4));
    assertThat(scheduler.queuedWork()).isBetween(Duration.ofSeconds(3), Duration.ofSeconds(5));
  }

  @Test
  void queuedWork_isNothing_whenIdleOrUnknown() {
    submit("a", 6);
    assertThat(scheduler.queuedWork()).isZero();
    learnMilliPerRow();
    assertThat(scheduler.queuedWork()).isBetween(MILLI.multipliedBy(5), MILLI.multipliedBy(7));
    Batch<TestItem> batch = scheduler.poll();
    assertThat(batch).isNotNull();
    scheduler.completed(batch, MILLI.multipliedBy(6).toNanos());
    assertThat(scheduler.queuedWork()).isZero();
  }

  @Test
  void poll_servesCallersInTurn_whenOneFloods() {
    submit("flood", 40);
    submit("light", 2);

    assertThat(pollCallers()).filteredOn("light"::equals).hasSize(2);
  }

  @Test
  void poll_sharesEvenly_whenSeveralCallersAreBacklogged() {
    submit("a", 100);
    submit("b", 50);
    submit("c", 25);
    List<String> served = new ArrayList<>();
    for (int batch = 0; batch < 6; batch++) {
      served.addAll(pollCallers());
    }

    for (String caller : List.of("a", "b", "c")) {
      assertThat(served).filteredOn(caller::equals).hasSizeBetween(15, 17);
    }
  }

  @Test
  void poll_keepsTheOrderOfEachCaller_forAnyArrivals() {
    Random random = new Random(17);
    for (int index = 0; index < 2_000; index++) {
      scheduler.submit(
          item("" + index)
              .caller("c" + random.nextInt(5))
              .rows(1 + random.nextInt(3))
              .length(random.nextInt(2)));
      if (random.nextInt(3) == 0) {
        assertThat(scheduler.poll()).isNotNull();
      }
    }
    Map<String, Integer> last = new HashMap<>();
    for (Batch<TestItem> batch = scheduler.poll(); batch != null; batch = scheduler.poll()) {
      for (TestItem item : batch.items()) {
        int number = Integer.parseInt(item.toString());
        Integer before = last.put(item.caller(), number);
        assertThat(before == null ? -1 : before).isLessThan(number);
      }
    }
    assertThat(scheduler.status().rows()).isZero();
  }

  @Test
  void submit_displacesTheLargestCaller_whenTheQueueIsFull() {
    bound = 10;
    scheduler = scheduler();
    List<TestItem> flood = submit("flood", 10);
    scheduler.submit(item("light").caller("light"));

    TestItem newest = flood.getLast();
    assertThat(newest.failures()).hasSize(1);
    assertThat(newest.failures().getFirst().code()).isEqualTo(ErrorCode.QUEUE_FULL);
    assertThat(scheduler.status().items()).isEqualTo(10);
    assertThat(refusal(item("more").caller("flood")).code()).isEqualTo(ErrorCode.QUEUE_FULL);
  }

  @Test
  void submit_keepsTheBound_whenManyCallersFillTheQueue() {
    bound = 12;
    scheduler = scheduler();
    submit("a", 12);
    for (String caller : List.of("b", "c", "d", "e")) {
      try {
        submit(caller, 12);
      } catch (InferenceException full) {
        assertThat(full.code()).isEqualTo(ErrorCode.QUEUE_FULL);
      }
    }

    List<String> held = new ArrayList<>();
    for (Batch<TestItem> batch = scheduler.poll(); batch != null; batch = scheduler.poll()) {
      batch.items().forEach(item -> held.add(item.caller()));
    }
    assertThat(held).hasSize(12);
    for (String caller : List.of("a", "b", "c", "d", "e")) {
      assertThat(held).filteredOn(caller::equals).hasSizeBetween(1, 4);
    }
  }

  @Test
  void submit_countsOnlyOwnTurns_whenALightCallerHasADeadline() {
    learnMilliPerRow();
    submit("flood", 200);
    scheduler.submit(item("light").caller("light").deadline(in(40)));

    assertThat(pollCallers()).contains("light");
  }

  @Test
  void poll_putsSimilarLengthsTogether_whenManyWait() {
    learnMilliPerElement();
    for (int index = 0; index < 32; index++) {
      scheduler.submit(item("i" + index).length(index % 2 == 0 ? 16 : 128));
    }

    for (int count = 0; count < 4; count++) {
      Batch<TestItem> batch = scheduler.poll();
      assertThat(batch).isNotNull();
      assertThat(batch.items().stream().map(TestItem::length).distinct()).hasSize(1);
      scheduler.completed(batch, 1_000_000L * batch.rows() * batch.length());
    }
  }

  @Test
  void poll_putsLengthsTogether_whenThatIsCheaperThanApart() {
    for (int round = 0; round < 60; round++) {
      int rows = 1 + round % MAXIMUM;
      long length = 16L << round % 4;
      model.record(rows, length, 10_000_000 + rows * length);
    }
    scheduler.submit(item("short").length(16));
    scheduler.submit(item("long").length(128));

    assertThat(scheduler.poll()).extracting(Batch::rows).isEqualTo(2);
  }

  @Test
  void poll_passesNothingOverForEver_whenOthersOfSimilarLengthKeepComing() {
    learnMilliPerElement();
    TestItem odd = item("odd").length(500);
    submitShort(MAXIMUM);
    scheduler.submit(odd);
    int batches = 0;
    boolean served = false;
    while (!served && batches < 50) {
      submitShort(MAXIMUM);
      Batch<TestItem> batch = scheduler.poll();
      assertThat(batch).isNotNull();
      served = batch.items().contains(odd);
      batches++;
    }

    assertThat(batches).isEqualTo(2);
  }

  /** A queue that is deep for its batches passes each item over many times before it leads. */
  @Test
  void poll_putsOnlySimilarLengthsTogether_howeverOftenTheyWerePassedOver() {
    learnMilliPerElement();
    for (int index = 0; index < 240; index++) {
      scheduler.submit(item("i" + index).length(Math.round(20 * Math.pow(1.1, index % 60))));
    }
    Batch<TestItem> batch;
    while ((batch = scheduler.poll()) != null) {
      assertThat(batch.items().stream().map(TestItem::length).distinct()).hasSize(1);
      scheduler.completed(batch, 1_000_000L * batch.rows() * batch.length());
    }
  }

  @Test
  void poll_staysWithinTheElements_whenTheyAreBounded() {
    limits = new WorkLimits(1, 256, Duration.ZERO);
    scheduler = scheduler();
    for (int index = 0; index < 8; index++) {
      scheduler.submit(item("i" + index).length(100));
    }
    scheduler.submit(item("larger than the bound").length(1_000));

    for (int count = 0; count < 4; count++) {
      assertThat(scheduler.poll()).extracting(Batch::rows).isEqualTo(2);
    }
    assertThat(scheduler.poll()).extracting(Batch::length).isEqualTo(1_000L);
  }

  private void submitShort(int count) {
    for (int index = 0; index < count; index++) {
      scheduler.submit(item("short").length(10));
    }
  }

  private void learnMilliPerRow() {
    for (int round = 0; round < 80; round++) {
      int rows = 1 + round % MAXIMUM;
      model.record(rows, 0, rows * 1_000_000L);
    }
  }

  private void learnMilliPerElement() {
    for (int round = 0; round < 160; round++) {
      int rows = 1 + round % MAXIMUM;
      long length = 8L << (round / MAXIMUM) % 7;
      model.record(rows, length, rows * length * 1_000_000L);
    }
  }

  private List<TestItem> submit(String caller, int count) {
    List<TestItem> items = new ArrayList<>();
    for (int index = 0; index < count; index++) {
      TestItem item = item(caller + index).caller(caller);
      scheduler.submit(item);
      items.add(item);
    }
    return items;
  }

  private List<String> pollCallers() {
    Batch<TestItem> batch = scheduler.poll();
    assertThat(batch).isNotNull();
    return batch.items().stream().map(TestItem::caller).toList();
  }

  private InferenceException refusal(TestItem item) {
    InferenceException refusal =
        catchThrowableOfType(InferenceException.class, () -> scheduler.submit(item));
    assertThat(refusal).isNotNull();
    return refusal;
  }

  private Deadline in(int millis) {
    return Deadline.after(Duration.ofMillis(millis), ticker);
  }

  private BatchScheduler<TestItem> scheduler() {
    QueuePolicy policy = new QueuePolicy(bound, Duration.ZERO, TimeoutAction.REJECT);
    BatchSchedulerOptions options =
        new BatchSchedulerOptions(MAXIMUM, List.of(), Duration.ZERO, 1, 1, policy, Map.of());
    return new BatchScheduler<>(options, new TritonBatchingPolicy(options), limits, model, ticker);
  }
}
