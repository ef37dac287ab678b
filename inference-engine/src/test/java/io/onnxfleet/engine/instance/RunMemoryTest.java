package io.onnxfleet.engine.instance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Sizes are such that a run takes {@value #TAKES} times its input. */
class RunMemoryTest {
  private static final int TAKES = 10;
  private static final long LIMIT = 64_000;

  private final BufferPool pool = BufferPool.ofDefaults();
  private final AtomicLong nanos = new AtomicLong();
  private final AtomicLong held = new AtomicLong();
  private final RunMemory memory = new RunMemory(LIMIT, nanos::get);
  private final MemoryEstimates estimates = new MemoryEstimates();
  private final List<Tensor> tensors = new ArrayList<>();

  @AfterEach
  void close() {
    tensors.forEach(Tensor::close);
  }

  /** An instance that runs what it is told to. */
  private final class Instance {
    final CountedSession session = new CountedSession(held);
    final RunMemory.Account account = memory.open(session, estimates);
    private RunMemory.Reservation reservation = RunMemory.Reservation.NONE;

    void begin(int inputBytes) {
      reservation = account.reserve(inputs(inputBytes));
      session.begin((long) TAKES * inputBytes);
    }

    CompletableFuture<Void> beginLater(int inputBytes) {
      long before = memory.waits();
      CompletableFuture<Void> begun =
          CompletableFuture.runAsync(
              () -> begin(inputBytes), task -> Thread.ofPlatform().start(task));
      while (memory.waits() == before && !begun.isDone()) {
        Thread.onSpinWait();
      }
      return begun;
    }

    void end() {
      session.end();
      reservation.close();
    }

    void run(int inputBytes) {
      begin(inputBytes);
      end();
    }
  }

  private synchronized List<NamedTensor> inputs(int bytes) {
    Tensor tensor = Tensor.allocate(pool, DataType.UINT8, Shape.of(bytes));
    tensors.add(tensor);
    return List.of(new NamedTensor("x", tensor));
  }

  /** So that the first estimates of the others are right. */
  private void learn() {
    Instance first = new Instance();
    first.run(1_000);
    first.account.close();
    first.session.close();
  }

  @Test
  void run_waits_untilAnotherEnds_whenBothDoNotFit() {
    learn();
    Instance one = new Instance();
    Instance other = new Instance();
    one.begin(4_000);
    CompletableFuture<Void> begun = other.beginLater(3_000);

    assertThat(begun).isNotDone();
    one.end();
    begun.join();
    assertThat(held.get()).isLessThanOrEqualTo(LIMIT);
    // What the first one held is gone.
    assertThat(one.account.held()).isZero();
    other.end();
    assertThat(memory.bytes()).isEqualTo(30_000);
  }

  @Test
  void run_doesNotWait_whenSomebodyIdleHoldsTheRest() {
    learn();
    Instance longIdle = new Instance();
    Instance idle = new Instance();
    Instance busy = new Instance();
    longIdle.run(3_000);
    nanos.addAndGet(10);
    idle.run(2_000);
    busy.begin(4_000);
    busy.end();

    assertThat(memory.waits()).isZero();
    assertThat(longIdle.account.held()).isZero();
    assertThat(idle.account.held()).isEqualTo(20_000);
    assertThat(held.get()).isEqualTo(60_000);
  }

  @Test
  void run_needsNothing_whenItsShapesWereRunBefore() {
    learn();
    Instance one = new Instance();
    Instance other = new Instance();
    one.run(3_000);
    other.begin(3_000);
    one.begin(3_000);

    assertThat(memory.waits()).isZero();
    assertThat(memory.bytes()).isEqualTo(60_000);
    one.end();
    other.end();
    assertThat(memory.bytes()).isEqualTo(60_000);
  }

  @Test
  void waitingRuns_goInTheirOrder_alsoBeforeOnesThatWouldFit() {
    learn();
    Instance busy = new Instance();
    Instance large = new Instance();
    Instance fits = new Instance();
    List<String> order = new CopyOnWriteArrayList<>();
    busy.begin(3_000);
    CompletableFuture<Void> first =
        large.beginLater(6_000).thenRun(() -> order.add("large")).thenRun(large::end);
    CompletableFuture<Void> second = fits.beginLater(500).thenRun(() -> order.add("fits"));

    assertThat(order).isEmpty();
    busy.end();
    CompletableFuture.allOf(first, second).join();
    assertThat(order).containsExactly("large", "fits");
    fits.end();
  }

  @Test
  void run_goesAlone_whenItIsLargerThanTheLimit() {
    learn();
    Instance busy = new Instance();
    Instance huge = new Instance();
    busy.begin(500);
    CompletableFuture<Void> begun = huge.beginLater(10_000);

    assertThat(begun).isNotDone();
    busy.end();
    begun.join();
    CompletableFuture<Void> again = busy.beginLater(500);
    assertThat(again).isNotDone();
    huge.end();
    again.join();
    busy.end();
    assertThat(held.get()).isLessThanOrEqualTo(LIMIT);
  }

  @Test
  void smallRuns_neverWait() {
    learn();
    Instance busy = new Instance();
    Instance large = new Instance();
    Instance small = new Instance();
    busy.begin(6_000);
    CompletableFuture<Void> begun = large.beginLater(6_000);
    small.run((int) LIMIT / RunMemory.SMALL_SHARE / TAKES);

    assertThat(begun).isNotDone();
    assertThat(memory.waits()).isOne();
    busy.end();
    begun.join();
    large.end();
  }

  @Test
  void shrinkIdle_givesBack_whatWasNotUsedForSoLong() {
    RunMemory large = new RunMemory(1L << 40, nanos::get);
    CountedSession idle = new CountedSession(held);
    CountedSession used = new CountedSession(held);
    RunMemory.Account idleAccount = large.open(idle, estimates);
    RunMemory.Account usedAccount = large.open(used, estimates);
    run(idleAccount, idle, 5 << 20);
    nanos.addAndGet(Duration.ofSeconds(10).toNanos());
    run(usedAccount, used, 5 << 20);
    nanos.addAndGet(Duration.ofSeconds(6).toNanos());

    large.shrinkIdle(Duration.ofSeconds(15));
    assertThat(idle.memoryUse().held()).isZero();
    assertThat(used.memoryUse().held()).isEqualTo(5 << 20);
    assertThat(large.bytes()).isEqualTo(5 << 20);

    RunMemory.Reservation under = usedAccount.reserve(inputs(10));
    nanos.addAndGet(Duration.ofHours(1).toNanos());
    large.shrinkIdle(Duration.ofSeconds(15));
    assertThat(used.memoryUse().held()).isEqualTo(5 << 20);
    under.close();
  }

  private void run(RunMemory.Account account, CountedSession session, long bytes) {
    try (RunMemory.Reservation _ = account.reserve(inputs(10))) {
      session.begin(bytes);
      session.end();
    }
  }

  @Test
  void terminate_endsTheWait() {
    learn();
    Instance busy = new Instance();
    Instance waiting = new Instance();
    busy.begin(6_000);
    CompletableFuture<Void> begun = waiting.beginLater(6_000);
    waiting.account.terminate();

    assertThatThrownBy(begun::join).rootCause().isInstanceOf(InferenceException.class);
    waiting.account.close();
    busy.end();
    assertThat(memory.bytes()).isEqualTo(60_000);
    busy.account.close();
    assertThat(memory.bytes()).isZero();
  }

  @Test
  void isTooMuch_saysSo_ofWhatIsLargeOrUnknown() {
    Instance instance = new Instance();
    assertThat(instance.account.isTooMuch(1_000, 2)).isTrue();
    instance.run(1_000);
    assertThat(instance.account.isTooMuch(1_000, 2)).isFalse();
    assertThat(instance.account.isTooMuch(3_200, 2)).isFalse();
    assertThat(instance.account.isTooMuch(3_201, 2)).isTrue();
    assertThat(instance.account.isTooMuch(4_001, 1)).isTrue();
    // Whatever is known of it, what takes next to nothing is not cut.
    assertThat(new MemoryEstimates().isFarFrom(1)).isTrue();
    assertThat(memory.open(new CountedSession(held), new MemoryEstimates()).isTooMuch(5, 2))
        .isFalse();
  }
}
