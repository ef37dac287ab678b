package io.onnxfleet.engine.instance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class TimedSessionTest {
  private static final Duration LIMIT = Duration.ofSeconds(1);

  private final BufferPool pool = BufferPool.ofDefaults();
  private final AtomicLong nanos = new AtomicLong();
  private final ScriptedSession session = new ScriptedSession(pool);

  private RunMemory.Account account() {
    return RunMemory.unlimited(nanos::get).open(session, new MemoryEstimates());
  }

  private CompletableFuture<Float> run(TimedSession timed) {
    return CompletableFuture.supplyAsync(
        () -> {
          try (Tensor x = Tensor.ofFloats(pool, Shape.of(1, 1), new float[] {3})) {
            List<Tensor> outputs = timed.run(List.of(new NamedTensor("x", x)), List.of("y"));
            try (Tensor y = outputs.getFirst()) {
              return y.data().getFloat(0);
            }
          }
        });
  }

  @Test
  void expire_endsTheRun_whenItTakesTooLong() throws InterruptedException {
    TimedSession timed = new TimedSession(session, account(), LIMIT, nanos::get);
    session.closeGate();
    CompletableFuture<Float> answer = run(timed);
    session.awaitArrivals(1);
    nanos.addAndGet(LIMIT.toNanos());
    timed.expire();
    assertThat(answer).isNotDone();
    nanos.incrementAndGet();
    timed.expire();

    assertThatThrownBy(answer::join)
        .rootCause()
        .hasMessage("the model ran for more than 1000 ms (expected: <= that, max-run-time)")
        .extracting(failure -> ((InferenceException) failure).code())
        .isEqualTo(ErrorCode.DEADLINE_EXCEEDED);
    assertThat(pool.usage().buffersInUse()).isZero();
  }

  @Test
  void expire_doesNothing_whenNoRunIsUnderWayOrNoLimitIsSet() throws InterruptedException {
    TimedSession timed = new TimedSession(session, account(), LIMIT, nanos::get);
    assertThat(run(timed).join()).isEqualTo(6);
    nanos.addAndGet(Duration.ofDays(1).toNanos());
    timed.expire();
    TimedSession unlimited = new TimedSession(session, account(), Duration.ZERO, nanos::get);
    session.closeGate();
    session.awaitArrivals(1);
    CompletableFuture<Float> answer = run(unlimited);
    session.awaitArrivals(1);
    nanos.addAndGet(Duration.ofDays(1).toNanos());
    unlimited.expire();
    session.openGate();
    assertThat(answer.join()).isEqualTo(6);
  }
}
