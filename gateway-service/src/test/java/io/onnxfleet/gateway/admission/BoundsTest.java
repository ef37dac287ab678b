package io.onnxfleet.gateway.admission;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class BoundsTest {

  @Test
  void limiter_admitsNoMoreThanTheLimit_whenManyThreadsTry() throws Exception {
    ConcurrencyLimiter limiter = new ConcurrencyLimiter(3);
    AtomicInteger most = new AtomicInteger();
    AtomicInteger now = new AtomicInteger();
    CountDownLatch start = new CountDownLatch(1);
    try (var executor = Executors.newFixedThreadPool(8)) {
      for (int t = 0; t < 8; t++) {
        var _ =
            executor.submit(
                () -> {
                  start.await();
                  for (int i = 0; i < 20_000; i++) {
                    if (limiter.tryAcquire()) {
                      most.accumulateAndGet(now.incrementAndGet(), Math::max);
                      now.decrementAndGet();
                      limiter.release();
                    }
                  }
                  return null;
                });
      }
      start.countDown();
    }
    assertThat(most.get()).isBetween(1, 3);
    assertThat(limiter.admitted()).isZero();
  }

  @Test
  void budget_reservesAllOrNothing() {
    ByteBudget budget = new ByteBudget(10);

    assertThat(budget.tryReserve(7)).isTrue();
    assertThat(budget.tryReserve(4)).isFalse();
    assertThat(budget.reserved()).isEqualTo(7);
    assertThat(budget.tryReserve(3)).isTrue();
    budget.release(10);
    assertThat(budget.reserved()).isZero();
    assertThat(budget.tryReserve(Long.MAX_VALUE)).isFalse();
  }

  /** Whoever sends giants keeps nobody else out. */
  @Test
  void budget_leavesAPartToSmallBodies() {
    ByteBudget budget = new ByteBudget(16 << 20);

    assertThat(budget.mostOfOne()).isEqualTo(15 << 20);
    assertThat(budget.tryReserveOrGiveBack(15 << 20, 0)).isTrue();
    assertThat(budget.tryReserveOrGiveBack(64 << 10, 0)).isTrue();
    assertThat(budget.tryReserveOrGiveBack(1, 64 << 10)).isFalse();
    assertThat(budget.reserved()).isEqualTo(15 << 20);
  }

  @Test
  void budget_servesOneOfThoseThatDoNotFitTogether() throws Exception {
    int giants = 4;
    int size = 90;
    ByteBudget budget = new ByteBudget(100);
    CyclicBarrier start = new CyclicBarrier(giants);
    int served = 0;
    try (var executor = Executors.newFixedThreadPool(giants)) {
      for (int round = 1; round <= 2_000; round++) {
        List<Future<Integer>> ends = new ArrayList<>();
        for (int giant = 0; giant < giants; giant++) {
          ends.add(executor.submit(() -> grow(budget, size, start)));
        }
        for (Future<Integer> end : ends) {
          int held = end.get();
          served += held == size ? 1 : 0;
          budget.release(held);
        }
        assertThat(served).isGreaterThanOrEqualTo(round);
      }
    }
    assertThat(budget.reserved()).isZero();
  }

  private static int grow(ByteBudget budget, int size, CyclicBarrier start) throws Exception {
    start.await();
    for (int held = 0; held < size; held++) {
      if (!budget.tryReserveOrGiveBack(1, held)) {
        return 0;
      }
    }
    return size;
  }
}
