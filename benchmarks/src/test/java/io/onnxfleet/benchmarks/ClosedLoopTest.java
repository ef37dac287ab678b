package io.onnxfleet.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ClosedLoopTest {
  private final AtomicLong clock = new AtomicLong();
  private final ClosedLoop loop = new ClosedLoop(clock::get);

  @Test
  void count_makesEachCallOnce() {
    Set<Long> sequences = ConcurrentHashMap.newKeySet();

    ClosedLoop.Outcome outcome =
        loop.count(4, 100, sequence -> assertThat(sequences.add(sequence)).isTrue());

    assertThat(sequences).hasSize(100).contains(0L, 99L);
    assertThat(outcome.latencies().getTotalCount()).isEqualTo(100);
    assertThat(outcome.failures()).isZero();
    assertThat(outcome.firstFailure()).isNull();
  }

  @Test
  void count_keepsAllCallersBusy_andNoMore() {
    CyclicBarrier all = new CyclicBarrier(3);
    AtomicInteger running = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();

    ClosedLoop.Outcome outcome =
        loop.count(
            3,
            30,
            sequence -> {
              most.accumulateAndGet(running.incrementAndGet(), Math::max);
              all.await(); // passes only when three callers are in a call
              running.decrementAndGet();
            });

    assertThat(outcome.failures()).isZero();
    assertThat(most).hasValue(3);
  }

  @Test
  void count_goesOnAndTellsTheFirstFailure_whenCallsFail() {
    ClosedLoop.Outcome outcome =
        loop.count(
            1,
            10,
            sequence -> {
              if (sequence % 2 == 1) {
                throw new IOException("call " + sequence);
              }
            });

    assertThat(outcome.failures()).isEqualTo(5);
    assertThat(outcome.latencies().getTotalCount()).isEqualTo(5);
    assertThat(outcome.firstFailure()).hasMessage("call 1");
  }

  @Test
  void during_startsNoCall_whenTimeIsUp() {
    ClosedLoop.Outcome outcome = loop.during(1, 1_000, sequence -> clock.addAndGet(300));

    assertThat(outcome.latencies().getTotalCount()).isEqualTo(4);
    assertThat(outcome.elapsedNanos()).isEqualTo(1_200);
  }

  @Test
  void outcome_tellsThroughputAndLatency_fromTheClock() {
    ClosedLoop.Outcome outcome = loop.count(1, 20, sequence -> clock.addAndGet(5_000_000));

    assertThat(outcome.perSecond()).isCloseTo(200, within(1e-9));
    assertThat(outcome.millis(50)).isCloseTo(5, within(0.01));
    assertThat(outcome.millis(99)).isCloseTo(5, within(0.01));
  }

  @Test
  void count_refusesZeroCallers() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> loop.count(0, 1, sequence -> {}))
        .withMessage("callers: 0 (expected: >= 1)");
  }
}
