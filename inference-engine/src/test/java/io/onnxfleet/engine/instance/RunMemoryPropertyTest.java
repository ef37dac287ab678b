package io.onnxfleet.engine.instance;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/**
 * Many instances of several models at once: what they hold never exceeds the limit by more than
 * small runs may, no session is shrunk under a run, and every run has its turn.
 */
class RunMemoryPropertyTest {
  private static final long SEED = Long.getLong("test.seed", System.nanoTime());
  private static final long LIMIT = 480_000;
  private static final int INSTANCES = 6;
  private static final int RUNS = 400;

  private final BufferPool pool = BufferPool.ofDefaults();
  private final AtomicLong nanos = new AtomicLong();
  private final AtomicLong held = new AtomicLong();
  private final AtomicLong most = new AtomicLong();
  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  @Test
  void runs_stayWithinTheLimit_andAllEnd() {
    System.out.println("test.seed=" + SEED);
    RunMemory memory = new RunMemory(LIMIT, nanos::get);
    List<CompletableFuture<Void>> ends = new ArrayList<>();
    for (int index = 0; index < INSTANCES; index++) {
      Random random = new Random(SEED + index);
      int perByte = 1 + index / 2 * 3;
      ends.add(
          CompletableFuture.runAsync(
              () -> runs(memory, random, perByte), task -> Thread.ofPlatform().start(task)));
    }
    CompletableFuture<Void> all = CompletableFuture.allOf(ends.toArray(CompletableFuture[]::new));
    while (!all.isDone()) {
      nanos.addAndGet(Duration.ofMillis(1).toNanos());
      memory.shrinkIdle(Duration.ofMillis(5));
    }
    all.join();

    assertThat(failure.get()).isNull();
    assertThat(most.get()).isLessThanOrEqualTo(LIMIT + INSTANCES * LIMIT / RunMemory.SMALL_SHARE);
    assertThat(memory.bytes()).isZero();
    assertThat(held.get()).isZero();
    assertThat(memory.waits()).isPositive();
    System.out.printf("%d runs, %d waited%n", INSTANCES * RUNS, memory.waits());
  }

  @SuppressWarnings("ThreadPriorityCheck") // a run lets the others in while it holds its memory
  private void runs(RunMemory memory, Random random, int perByte) {
    MemoryEstimates estimates = new MemoryEstimates();
    // All that is run later is smaller, so that estimates are right or too high.
    estimates.observed("largest", 1 << 16, (long) perByte << 16, true);
    estimates.observed("smallest", 1, perByte, true);
    CountedSession session = new CountedSession(held);
    RunMemory.Account account = memory.open(session, estimates);
    try {
      for (int run = 0; run < RUNS; run++) {
        int bytes = 1 << random.nextInt(17);
        try (Tensor tensor = Tensor.allocate(pool, DataType.UINT8, Shape.of(bytes));
            RunMemory.Reservation _ = account.reserve(List.of(new NamedTensor("x", tensor)))) {
          session.begin((long) perByte * bytes);
          most.accumulateAndGet(held.get(), Math::max);
          for (int turn = random.nextInt(20); turn > 0; turn--) {
            Thread.yield();
          }
          session.end();
        }
      }
    } catch (Throwable thrown) {
      failure.set(thrown);
    } finally {
      account.close();
      session.close();
    }
  }
}
