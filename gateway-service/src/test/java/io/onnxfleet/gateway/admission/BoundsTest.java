package io.onnxfleet.gateway.admission;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
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
}
