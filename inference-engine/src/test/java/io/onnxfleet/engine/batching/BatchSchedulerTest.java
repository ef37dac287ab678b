package io.onnxfleet.engine.batching;

import static io.onnxfleet.engine.batching.TestItem.item;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.onnxfleet.engine.batching.BatchingPolicy.Close;
import io.onnxfleet.engine.batching.BatchingPolicy.Decision;
import io.onnxfleet.engine.batching.BatchingPolicy.Wait;
import io.onnxfleet.engine.batching.QueuePolicy.TimeoutAction;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class BatchSchedulerTest {
  private static final Duration MILLI = Duration.ofMillis(1);

  private final ManualTicker ticker = new ManualTicker();

  @Test
  void take_answersABatch_whenItemsWait() throws Exception {
    BatchScheduler<TestItem> scheduler = scheduler(Duration.ZERO, 0);
    TestItem a = item("a");
    TestItem b = item("b").rows(2);
    scheduler.submit(a);
    scheduler.submit(b);

    assertThat(scheduler.take()).isEqualTo(new Batch<>(List.of(a, b), 3, 0, ticker.nanoTime()));
  }

  @Test
  void take_wakes_whenAnItemComes() throws Exception {
    BatchScheduler<TestItem> scheduler = scheduler(Duration.ZERO, 0);
    Taker taker = new Taker(scheduler).untilItIs(Thread.State.WAITING);
    TestItem item = item("a");
    scheduler.submit(item);

    assertThat(taker.items()).containsExactly(item);
  }

  @Test
  void take_answersThePartialBatch_whenTheDelayHasPassed() throws Exception {
    BatchScheduler<TestItem> scheduler = scheduler(Duration.ofHours(1), 0);
    Taker taker = new Taker(scheduler);
    TestItem item = item("a");
    scheduler.submit(item);
    taker.untilItIs(Thread.State.TIMED_WAITING);
    ticker.advance(Duration.ofHours(1));
    scheduler.expire();

    assertThat(taker.items()).containsExactly(item);
  }

  @Test
  void take_wakesByItself_whenTheDelayPasses() throws Exception {
    BatchSchedulerOptions options = options(MILLI, 0);
    BatchScheduler<TestItem> scheduler =
        new BatchScheduler<>(options, new TritonBatchingPolicy(options), System::nanoTime);
    TestItem item = item("a");
    scheduler.submit(item);

    assertThat(new Taker(scheduler).items()).containsExactly(item);
  }

  @Test
  void take_dropsByItself_whenTheTimeoutPassesDuringTheDelay() throws Exception {
    QueuePolicy policy = new QueuePolicy(0, MILLI, TimeoutAction.REJECT);
    BatchSchedulerOptions options =
        new BatchSchedulerOptions(4, List.of(), Duration.ofHours(1), 1, 1, policy, Map.of());
    BatchScheduler<TestItem> scheduler =
        new BatchScheduler<>(options, new TritonBatchingPolicy(options), System::nanoTime);
    CompletableFuture<InferenceException> failure = new CompletableFuture<>();
    scheduler.submit(item("a").onFail(failure::complete));
    Taker taker = new Taker(scheduler);

    assertThat(failure.get().code()).isEqualTo(ErrorCode.DEADLINE_EXCEEDED);
    scheduler.close();
    assertThat(taker.items()).isEmpty();
  }

  @Test
  void take_answersWhatIsLeftAndThenNull_whenClosed() throws Exception {
    BatchScheduler<TestItem> scheduler = scheduler(Duration.ofHours(1), 0);
    scheduler.submit(item("a"));
    scheduler.submit(item("b").key("B"));
    scheduler.close();

    assertThat(scheduler.take()).isNotNull();
    assertThat(scheduler.take()).isNotNull();
    assertThat(scheduler.take()).isNull();
    assertThat(scheduler.status()).isEqualTo(new QueueStatus(0, 0, 0, true));
  }

  @Test
  void take_endsEveryTaker_whenClosed() throws Exception {
    BatchScheduler<TestItem> scheduler = scheduler(Duration.ZERO, 0);
    Taker one = new Taker(scheduler).untilItIs(Thread.State.WAITING);
    Taker two = new Taker(scheduler).untilItIs(Thread.State.WAITING);
    scheduler.close();

    assertThat(one.items()).isEmpty();
    assertThat(two.items()).isEmpty();
  }

  @Test
  void take_leavesTheItemToAnotherTaker_whenInterrupted() throws Exception {
    for (int round = 0; round < 200; round++) {
      BatchScheduler<TestItem> scheduler = scheduler(Duration.ZERO, 0);
      Taker interrupted = new Taker(scheduler).untilItIs(Thread.State.WAITING);
      Taker other = new Taker(scheduler).untilItIs(Thread.State.WAITING);
      TestItem item = item("a");
      scheduler.submit(item);
      interrupted.thread.interrupt();
      if (interrupted.wasInterrupted()) {
        assertThat(other.items()).containsExactly(item);
      } else {
        assertThat(interrupted.items()).containsExactly(item);
        scheduler.close();
        assertThat(other.items()).isEmpty();
      }
    }
  }

  @Test
  void take_wakesTheNextTaker_whenMoreIsThereThanOneBatch() throws Exception {
    BatchScheduler<TestItem> scheduler = scheduler(Duration.ZERO, 0);
    Taker one = new Taker(scheduler).untilItIs(Thread.State.WAITING);
    Taker two = new Taker(scheduler).untilItIs(Thread.State.WAITING);
    scheduler.submitAll(List.of(item("a").rows(4), item("b").rows(4)));

    assertThat(List.of(one.items().size(), two.items().size())).containsExactly(1, 1);
  }

  @Test
  void submit_refuses_whenTheQueueIsFull() {
    BatchScheduler<TestItem> scheduler = scheduler(Duration.ZERO, 2);
    scheduler.submit(item("a"));
    scheduler.submit(item("b"));
    TestItem refused = item("c");

    assertRefused(
        () -> scheduler.submit(refused),
        ErrorCode.QUEUE_FULL,
        "queue: full, no room for 1 more (expected: <= 2 waiting at priority 1)");
    assertThat(refused.failures()).isEmpty();
    assertThat(scheduler.remove(refused)).isFalse();
  }

  @Test
  void submitAll_refusesAll_whenNotAllHaveRoom() {
    BatchScheduler<TestItem> scheduler = scheduler(Duration.ZERO, 2);
    scheduler.submit(item("a"));

    assertRefused(
        () -> scheduler.submitAll(List.of(item("b"), item("c"))),
        ErrorCode.QUEUE_FULL,
        "queue: full, no room for 2 more (expected: <= 2 waiting at priority 1)");
    assertThat(scheduler.status().items()).isEqualTo(1);
  }

  @Test
  void submitAll_refusesForGood_whenAnEmptyQueueIsTooSmall() {
    BatchScheduler<TestItem> scheduler = scheduler(Duration.ZERO, 2);

    assertRefused(
        () -> scheduler.submitAll(List.of(item("a"), item("b"), item("c"))),
        ErrorCode.REQUEST_TOO_LARGE,
        "queue: request of 3 batches (expected: <= 2 waiting at priority 1)");
  }

  @Test
  void submit_refuses_whenClosed() {
    BatchScheduler<TestItem> scheduler = scheduler(Duration.ZERO, 0);
    scheduler.close();

    assertRefused(
        () -> scheduler.submit(item("a")),
        ErrorCode.SHUTTING_DOWN,
        "the model version is being unloaded (expected: READY)");
  }

  @Test
  void submit_refuses_whenTheDeadlineHasPassed() {
    BatchScheduler<TestItem> scheduler = scheduler(Duration.ZERO, 0);
    TestItem late = item("late").deadline(Deadline.after(Duration.ZERO, ticker));

    assertRefused(
        () -> scheduler.submit(late),
        ErrorCode.DEADLINE_EXCEEDED,
        "deadline: passed before the request was queued (expected an answer by it)");
    assertThat(scheduler.status().items()).isZero();
  }

  @Test
  void expire_failsOnceWithTheReason_whenNobodyTakes() {
    QueuePolicy policy = new QueuePolicy(0, MILLI.multipliedBy(2), TimeoutAction.REJECT);
    BatchSchedulerOptions options =
        new BatchSchedulerOptions(4, List.of(), Duration.ZERO, 1, 1, policy, Map.of());
    BatchScheduler<TestItem> scheduler =
        new BatchScheduler<>(options, new TritonBatchingPolicy(options), ticker);
    TestItem expired = item("expired").deadline(Deadline.after(MILLI, ticker));
    TestItem timedOut = item("timed out");
    scheduler.submitAll(List.of(expired, timedOut));
    ticker.advance(MILLI);
    scheduler.expire();
    ticker.advance(MILLI);
    scheduler.expire();
    scheduler.expire();

    assertFailedOnce(
        expired,
        ErrorCode.DEADLINE_EXCEEDED,
        "deadline: passed after 1.000 ms in the queue (expected an answer by it)");
    assertFailedOnce(
        timedOut,
        ErrorCode.DEADLINE_EXCEEDED,
        "time in the queue: 2.000 ms (expected: < 2.000 ms)");
    assertThat(scheduler.status().items()).isZero();
  }

  @Test
  void submit_failsTheExpired_whenItComesByThem() {
    BatchScheduler<TestItem> scheduler = scheduler(Duration.ZERO, 1);
    TestItem expired = item("expired").deadline(Deadline.after(MILLI, ticker));
    scheduler.submit(expired);
    ticker.advance(MILLI);
    scheduler.submit(item("next"));

    assertThat(expired.failures()).hasSize(1);
  }

  @Test
  void poll_failsTheCancelled_whenTheyWouldHaveJoined() {
    BatchScheduler<TestItem> scheduler = scheduler(Duration.ZERO, 0);
    TestItem cancelled = item("cancelled");
    scheduler.submit(cancelled);
    cancelled.cancel();

    assertThat(scheduler.poll()).isNull();
    assertFailedOnce(cancelled, ErrorCode.CANCELLED, "cancelled after 0.000 ms in the queue");
    assertThat(scheduler.remove(cancelled)).isFalse();
  }

  @Test
  void remove_givesTheItemBack_whenItWaits() {
    BatchScheduler<TestItem> scheduler = scheduler(Duration.ZERO, 0);
    TestItem item = item("a");
    scheduler.submit(item);

    assertThat(scheduler.remove(item)).isTrue();
    assertThat(scheduler.poll()).isNull();
    assertThat(item.failures()).isEmpty();
  }

  @Test
  void shutdownNow_failsAllInTheirOrder_whenItemsWait() throws Exception {
    BatchScheduler<TestItem> scheduler = scheduler(Duration.ZERO, 0);
    List<String> order = new ArrayList<>();
    for (String name : List.of("a", "b", "c")) {
      scheduler.submit(item(name).onFail(_ -> order.add(name)));
    }
    InferenceException reason = new InferenceException(ErrorCode.SHUTTING_DOWN, "unloaded");
    scheduler.shutdownNow(reason);

    assertThat(order).containsExactly("a", "b", "c");
    assertThat(scheduler.take()).isNull();
  }

  @Test
  void shutdownNow_failsTheOthers_whenOneThrows() {
    BatchScheduler<TestItem> scheduler = scheduler(Duration.ZERO, 0);
    TestItem throwing =
        item("throwing")
            .onFail(
                _ -> {
                  throw new IllegalStateException("thrown by an item");
                });
    TestItem other = item("other");
    scheduler.submitAll(List.of(throwing, other));
    scheduler.shutdownNow(new InferenceException(ErrorCode.SHUTTING_DOWN, "unloaded"));

    assertFailedOnce(other, ErrorCode.SHUTTING_DOWN, "unloaded");
  }

  @Test
  void fail_isCalledOutsideTheLock_whenItemsAreDropped() {
    BatchScheduler<TestItem> scheduler = scheduler(Duration.ZERO, 0);
    // Another thread: the lock lets the thread that holds it in.
    TestItem item =
        item("a")
            .deadline(Deadline.after(MILLI, ticker))
            .onFail(_ -> CompletableFuture.supplyAsync(scheduler::status).join());
    scheduler.submit(item);
    ticker.advance(MILLI);
    scheduler.expire();

    assertThat(item.failures()).hasSize(1);
  }

  @Test
  void poll_closes_whenThePolicyWaitsForAMomentThatHasPassed() {
    BatchingPolicy late =
        new BatchingPolicy() {
          @Override
          public Decision decide(QueueView view, long nowNanos) {
            return new Wait(nowNanos);
          }
        };
    BatchScheduler<TestItem> scheduler =
        new BatchScheduler<>(options(Duration.ZERO, 0), late, ticker);
    scheduler.submit(item("a"));

    assertThat(scheduler.poll()).isNotNull();
  }

  @Test
  void poll_takesTheFirstItem_whenThePolicyClosesWithFewerRowsThanItHas() {
    BatchingPolicy small =
        new BatchingPolicy() {
          @Override
          public Decision decide(QueueView view, long nowNanos) {
            return new Close(1);
          }
        };
    BatchScheduler<TestItem> scheduler =
        new BatchScheduler<>(options(Duration.ZERO, 0), small, ticker);
    scheduler.submitAll(List.of(item("a").rows(3), item("b")));

    assertThat(scheduler.poll()).extracting(Batch::rows).isEqualTo(3);
  }

  private BatchScheduler<TestItem> scheduler(Duration delay, int bound) {
    BatchSchedulerOptions options = options(delay, bound);
    return new BatchScheduler<>(options, new TritonBatchingPolicy(options), ticker);
  }

  private static BatchSchedulerOptions options(Duration delay, int bound) {
    QueuePolicy policy = new QueuePolicy(bound, Duration.ZERO, TimeoutAction.REJECT);
    return new BatchSchedulerOptions(4, List.of(), delay, 1, 1, policy, Map.of());
  }

  private static void assertRefused(Runnable submission, ErrorCode code, String message) {
    InferenceException refusal = assertThrows(InferenceException.class, submission::run);
    assertThat(refusal).hasMessage(message);
    assertThat(refusal.code()).isEqualTo(code);
  }

  private static void assertFailedOnce(TestItem item, ErrorCode code, String message) {
    assertThat(item.failures()).hasSize(1);
    InferenceException failure = item.failures().getFirst();
    assertThat(failure).hasMessage(message);
    assertThat(failure.code()).isEqualTo(code);
  }

  /** A thread that takes one batch. */
  private static final class Taker {
    final Thread thread;
    private final FutureTask<@Nullable Batch<TestItem>> task;

    Taker(BatchScheduler<TestItem> scheduler) {
      task = new FutureTask<>(scheduler::take);
      thread = Thread.ofPlatform().daemon().start(task);
    }

    Taker untilItIs(Thread.State state) {
      while (thread.getState() != state) {
        Thread.onSpinWait();
      }
      return this;
    }

    /** What it took; empty if the scheduler was closed. */
    List<TestItem> items() throws ExecutionException, InterruptedException {
      Batch<TestItem> batch = task.get();
      return batch == null ? List.of() : batch.items();
    }

    boolean wasInterrupted() throws InterruptedException {
      try {
        Batch<TestItem> _ = task.get();
        return false;
      } catch (ExecutionException failure) {
        assertThat(failure).hasCauseInstanceOf(InterruptedException.class);
        return true;
      }
    }
  }
}
