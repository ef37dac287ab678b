package io.onnxfleet.engine.batching;

import static io.onnxfleet.engine.batching.TestItem.item;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.engine.batching.DroppedItem.Cause;
import io.onnxfleet.engine.batching.QueuePolicy.TimeoutAction;
import io.onnxfleet.engine.batching.latency.LatencyModel;
import io.onnxfleet.engine.request.Deadline;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BatchQueueTest {
  private static final Duration MILLI = Duration.ofMillis(1);

  private final ManualTicker ticker = new ManualTicker();
  private BatchSchedulerOptions options = BatchSchedulerOptions.ofMaxBatchSize(4);
  private BatchQueue<TestItem> queue = queue(options);

  @Test
  void poll_answersNothingForEver_whenEmpty() {
    assertThat(poll()).isEmpty();
    assertThat(queue.idleNanos()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void poll_takesWhatIsThere_whenFewerThanTheMaximumWait() {
    offer(item("a"), item("b"));

    assertThat(poll()).containsExactly("a", "b");
    assertThat(queue.isEmpty()).isTrue();
  }

  @Test
  void poll_takesTheMaximumInOrder_whenMoreWait() {
    offer(item("a"), item("b"), item("c"), item("d"), item("e"));

    assertThat(poll()).containsExactly("a", "b", "c", "d");
    assertThat(poll()).containsExactly("e");
  }

  @Test
  void poll_countsRows_whenItemsHaveSeveral() {
    offer(item("a").rows(3), item("b").rows(2), item("c"));

    assertThat(queue.poll(now(), false)).extracting(Batch::rows).isEqualTo(3);
    assertThat(queue.poll(now(), false)).extracting(Batch::rows).isEqualTo(3);
  }

  @Test
  void poll_doesNotOvertake_whenALaterItemWouldFitBetter() {
    offer(item("a").rows(3), item("large").rows(2), item("small").rows(1));

    assertThat(poll()).containsExactly("a");
    assertThat(poll()).containsExactly("large", "small");
  }

  @Test
  void poll_passesOverOtherShapes_whenTheyStandBetween() {
    offer(item("a1"), item("b1").key("B"), item("a2"), item("b2").key("B"), item("a3"));

    assertThat(poll()).containsExactly("a1", "a2", "a3");
    assertThat(poll()).containsExactly("b1", "b2");
  }

  @Test
  void poll_letsTheOldestLead_whenShapesAlternate() {
    options = BatchSchedulerOptions.ofMaxBatchSize(1);
    queue = queue(options);
    offer(item("a1"), item("b1").key("B"), item("c1").key("C"), item("a2"), item("b2").key("B"));

    assertThat(pollAll()).containsExactly("a1", "b1", "c1", "a2", "b2");
  }

  @Test
  void poll_givesAnItemOfManyRowsABatchOfItsOwn_whenNothingIsBatched() {
    queue = queue(BatchSchedulerOptions.ofMaxBatchSize(1));
    options = BatchSchedulerOptions.ofMaxBatchSize(1);
    offer(item("many").rows(100), item("one"));

    assertThat(poll()).containsExactly("many");
    assertThat(poll()).containsExactly("one");
  }

  @Test
  void offer_refuses_whenAnItemHasMoreRowsThanABatch() {
    assertThatThrownBy(() -> offer(item("a").rows(5)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("rows: 5 (expected: 1 to 4)");
  }

  @Test
  void poll_servesTheHighestPriorityFirst_whenLevelsDiffer() {
    withLevels(3, 2, Duration.ZERO, Map.of());
    offer(
        item("low").priority(3).key("B"),
        item("default").priority(0).key("C"),
        item("high").priority(1).key("D"));

    assertThat(pollAll()).containsExactly("high", "default", "low");
  }

  @Test
  void poll_fillsUpWithLowerPriorities_whenTheirShapeIsEqual() {
    withLevels(2, 2, Duration.ZERO, Map.of());
    offer(
        item("low1").priority(2),
        item("low2").priority(2),
        item("high1").priority(1),
        item("other").priority(1).key("B"),
        item("high2").priority(1));

    assertThat(poll()).containsExactly("high1", "high2", "low1", "low2");
    assertThat(poll()).containsExactly("other");
  }

  @Test
  void offer_usesTheDefaultLevel_whenThePriorityIsAboveTheLevels() {
    withLevels(2, 1, Duration.ZERO, Map.of());
    offer(item("two").priority(2).key("B"), item("nine").priority(9));

    assertThat(pollAll()).containsExactly("nine", "two");
  }

  @Test
  void offer_takesAllOrNone_whenTheBoundIsReached() {
    options = withBound(3);
    queue = queue(options);
    offer(item("a"), item("b"));

    assertThat(tryOffer(item("c"), item("d"))).isFalse();
    assertThat(tryOffer(item("c"))).isTrue();
    assertThat(tryOffer(item("e"))).isFalse();
    assertThat(poll()).containsExactly("a", "b", "c");
    assertThat(tryOffer(item("e"))).isTrue();
  }

  @Test
  void offer_countsEachLevelByItself_whenLevelsHaveBoundsOfTheirOwn() {
    withLevels(
        2, 2, Duration.ZERO, Map.of(1, new QueuePolicy(1, Duration.ZERO, TimeoutAction.REJECT)));

    assertThat(tryOffer(item("a").priority(1))).isTrue();
    assertThat(tryOffer(item("b").priority(1))).isFalse();
    assertThat(tryOffer(item("c").priority(2), item("d").priority(2))).isTrue();
  }

  @Test
  void offer_takesNone_whenAnItemIsThereAlready() {
    TestItem twice = item("twice");
    offer(twice);

    assertThatThrownBy(() -> offer(item("other"), twice))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("twice");
    assertThat(pollAll()).containsExactly("twice");
  }

  @Test
  void offer_dropsTheExpiredFirst_whenTheQueueIsFull() {
    options = withBound(1);
    queue = queue(options);
    offer(item("a").deadline(Deadline.after(MILLI, ticker)));
    ticker.advance(MILLI);

    assertThat(tryOffer(item("b"))).isTrue();
    assertThat(dropped()).containsExactly("a DEADLINE");
    assertThat(poll()).containsExactly("b");
  }

  @Test
  void poll_dropsTheExpired_whenTheirDeadlinesPassedInAnyOrder() {
    offer(
        item("late").deadline(Deadline.after(MILLI.multipliedBy(3), ticker)),
        item("never"),
        item("soon").deadline(Deadline.after(MILLI, ticker)),
        item("later").deadline(Deadline.after(MILLI.multipliedBy(9), ticker)));
    ticker.advance(MILLI.multipliedBy(3));

    assertThat(poll()).containsExactly("never", "later");
    assertThat(dropped()).containsExactly("soon DEADLINE", "late DEADLINE");
    assertThat(dropped()).isEmpty();
  }

  @Test
  void poll_keepsAnItem_whenItsDeadlineIsOneNanoAhead() {
    offer(item("a").deadline(Deadline.after(MILLI, ticker)));
    ticker.advance(MILLI.minusNanos(1));

    assertThat(poll()).containsExactly("a");
  }

  @Test
  void poll_dropsTheCancelled_whenTheyWouldJoin() {
    TestItem a = item("a");
    TestItem b = item("b");
    offer(a, b, item("c"));
    a.cancel();
    b.cancel();

    assertThat(poll()).containsExactly("c");
    assertThat(dropped()).containsExactly("a CANCELLATION", "b CANCELLATION");
  }

  @Test
  void poll_goesOnToTheNextShape_whenTheLeadersAreAllCancelled() {
    offer(item("a").cancel(), item("b").key("B"), item("c").cancel());

    assertThat(poll()).containsExactly("b");
    assertThat(queue.isEmpty()).isTrue();
  }

  @Test
  void remove_takesTheItemOut_whenItWaits() {
    TestItem first = item("first");
    TestItem middle = item("middle");
    TestItem last = item("last");
    offer(first, item("x"), middle, item("y"), last);

    assertThat(queue.remove(middle)).isTrue();
    assertThat(queue.remove(middle)).isFalse();
    assertThat(queue.remove(first)).isTrue();
    assertThat(queue.remove(last)).isTrue();
    assertThat(queue.status(now(), false)).isEqualTo(new QueueStatus(2, 2, 0, false));
    assertThat(poll()).containsExactly("x", "y");
  }

  @Test
  void remove_letsTheNextLead_whenTheLeaderLeaves() {
    TestItem leader = item("leader");
    offer(leader, item("b").key("B"), item("a"));
    boolean removed = queue.remove(leader);

    assertThat(removed).isTrue();
    assertThat(pollAll()).containsExactly("b", "a");
  }

  @Test
  void poll_waits_whenThePolicyDelays() {
    withDelay(MILLI);
    offer(item("a"));
    ticker.advance(Duration.ofNanos(400_000));
    offer(item("b"));

    assertThat(poll()).isEmpty();
    assertThat(queue.idleNanos()).isEqualTo(600_000);
    ticker.advance(Duration.ofNanos(600_000));
    assertThat(poll()).containsExactly("a", "b");
  }

  @Test
  void poll_doesNotWait_whenDraining() {
    withDelay(MILLI);
    offer(item("a"));

    assertThat(queue.poll(now(), true)).extracting(Batch::rows).isEqualTo(1);
  }

  @Test
  void poll_takesAFullBatchBehindTheLeader_whenTheLeaderWaits() {
    withDelay(MILLI);
    offer(item("a"));
    for (int index = 0; index < 4; index++) {
      offer(item("b" + index).key("B"));
    }

    assertThat(poll()).containsExactly("b0", "b1", "b2", "b3");
    assertThat(poll()).isEmpty();
    ticker.advance(MILLI);
    assertThat(poll()).containsExactly("a");
  }

  @Test
  void poll_takesAFullBatchOfALowerPriority_whenTheHigherOnesWait() {
    withLevels(2, 2, MILLI, Map.of());
    offer(item("high").priority(1).key("B"));
    offer(item("l1"), item("l2"), item("l3"), item("l4"));

    assertThat(poll()).containsExactly("l1", "l2", "l3", "l4");
    assertThat(poll()).isEmpty();
  }

  @Test
  void poll_wakesForTheTimeout_whenItComesBeforeTheDelayEnds() {
    options =
        options(
            MILLI.multipliedBy(10),
            1,
            1,
            new QueuePolicy(0, MILLI, TimeoutAction.REJECT),
            Map.of());
    queue = queue(options);
    offer(item("a"));

    assertThat(poll()).isEmpty();
    assertThat(queue.idleNanos()).isEqualTo(MILLI.toNanos());
    ticker.advance(MILLI);
    assertThat(poll()).isEmpty();
    assertThat(dropped()).containsExactly("a TIMEOUT");
  }

  @Test
  void poll_putsTheTimedOutBehindTheRest_whenTheActionIsDelay() {
    withTimeout(new QueuePolicy(0, MILLI, TimeoutAction.DELAY));
    offer(item("a"));
    ticker.advance(MILLI);
    offer(item("b"), item("c").key("C"));

    assertThat(pollAll()).containsExactly("b", "a", "c");
    assertThat(dropped()).isEmpty();
  }

  @Test
  void poll_stillDropsByTheDeadline_whenTheTimedOutWaitOn() {
    withTimeout(new QueuePolicy(0, MILLI, TimeoutAction.DELAY));
    offer(item("a").deadline(Deadline.after(MILLI.multipliedBy(2), ticker)));
    ticker.advance(MILLI);
    queue.dropExpired(now());
    assertThat(dropped()).isEmpty();
    ticker.advance(MILLI);

    assertThat(poll()).isEmpty();
    assertThat(dropped()).containsExactly("a DEADLINE");
  }

  @Test
  void status_tellsTheOldest_whenItemsWait() {
    offer(item("a").rows(3));
    ticker.advance(MILLI);
    offer(item("b").key("B"));

    assertThat(queue.status(now(), true)).isEqualTo(new QueueStatus(2, 4, MILLI.toNanos(), true));
  }

  @Test
  void poll_staysCheap_whenTenThousandShapesWait() {
    for (int index = 0; index < 10_000; index++) {
      offer(item("i" + index).key(index));
    }

    assertThat(pollAll()).hasSize(10_000).startsWith("i0", "i1").endsWith("i9999");
  }

  private BatchQueue<TestItem> queue(BatchSchedulerOptions of) {
    return new BatchQueue<>(
        of, new TritonBatchingPolicy(of), WorkLimits.NONE, new LatencyModel(of.maxBatchSize()));
  }

  private static BatchSchedulerOptions options(
      Duration delay,
      int levels,
      int defaultLevel,
      QueuePolicy policy,
      Map<Integer, QueuePolicy> policies) {
    return new BatchSchedulerOptions(4, List.of(), delay, levels, defaultLevel, policy, policies);
  }

  private static BatchSchedulerOptions withBound(int bound) {
    QueuePolicy policy = new QueuePolicy(bound, Duration.ZERO, TimeoutAction.REJECT);
    return options(Duration.ZERO, 1, 1, policy, Map.of());
  }

  private void withTimeout(QueuePolicy policy) {
    options = options(Duration.ZERO, 1, 1, policy, Map.of());
    queue = queue(options);
  }

  private void withDelay(Duration delay) {
    withLevels(1, 1, delay, Map.of());
  }

  private void withLevels(
      int levels, int defaultLevel, Duration delay, Map<Integer, QueuePolicy> policies) {
    options = options(delay, levels, defaultLevel, QueuePolicy.DEFAULT, policies);
    queue = queue(options);
  }

  private long now() {
    return ticker.nanoTime();
  }

  private boolean tryOffer(TestItem... items) {
    List<QueueEntry<TestItem>> entries = new ArrayList<>();
    for (TestItem item : items) {
      entries.add(new QueueEntry<>(item, options));
    }
    return queue.offer(entries, now()) == null;
  }

  private void offer(TestItem... items) {
    assertThat(tryOffer(items)).as("room for %s", Arrays.asList(items)).isTrue();
  }

  private List<String> poll() {
    Batch<TestItem> batch = queue.poll(now(), false);
    return batch == null ? List.of() : batch.items().stream().map(TestItem::toString).toList();
  }

  private List<String> pollAll() {
    List<String> names = new ArrayList<>();
    for (List<String> batch = poll(); !batch.isEmpty(); batch = poll()) {
      names.addAll(batch);
    }
    return names;
  }

  private List<String> dropped() {
    List<String> names = new ArrayList<>();
    for (DroppedItem<TestItem> dropped : queue.takeDropped()) {
      Cause cause = dropped.cause();
      names.add(dropped.item() + " " + cause);
    }
    return names;
  }
}
