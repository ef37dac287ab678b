package io.onnxfleet.benchmarks;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongPredicate;
import java.util.function.LongSupplier;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * A closed loop: each of a fixed number of callers sends its next call when the last one returned.
 * It tells the throughput at saturation. Its latencies are those of that many patient callers, not
 * of traffic that arrives on its own.
 *
 * <p>A call that throws counts as a failure, has no latency, and its caller goes on. Thread-safe;
 * as many virtual threads as callers, for the time of a run.
 */
final class ClosedLoop {
  private final LongSupplier nanoTime;

  ClosedLoop(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /** One call; {@code sequence} counts all callers' calls from 0. */
  interface Call {
    void run(long sequence) throws Exception;
  }

  /**
   * What a run was.
   *
   * @param latencies of the calls that succeeded, in nanoseconds
   * @param firstFailure null if none failed
   */
  record Outcome(
      Histogram latencies, long failures, long elapsedNanos, @Nullable Exception firstFailure) {
    double perSecond() {
      return elapsedNanos == 0 ? 0 : latencies.getTotalCount() * 1e9 / elapsedNanos;
    }

    double millis(double percentile) {
      return latencies.getValueAtPercentile(percentile) / 1e6;
    }
  }

  /** Makes exactly {@code calls} calls. */
  Outcome count(int callers, long calls, Call call) {
    return run(callers, sequence -> sequence < calls, call);
  }

  /** Starts calls until {@code nanos} have passed, and waits for those that were started. */
  Outcome during(int callers, long nanos, Call call) {
    long end = nanoTime.getAsLong() + nanos;
    return run(callers, sequence -> nanoTime.getAsLong() - end < 0, call);
  }

  private Outcome run(int callers, LongPredicate goesOn, Call call) {
    if (callers < 1) {
      throw new IllegalArgumentException("callers: " + callers + " (expected: >= 1)");
    }
    Tally tally = new Tally();
    long start = nanoTime.getAsLong();
    try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int caller = 0; caller < callers; caller++) {
        executor.execute(() -> loop(goesOn, call, tally));
      }
    }
    return new Outcome(
        tally.latencies,
        tally.failures.get(),
        nanoTime.getAsLong() - start,
        tally.firstFailure.get());
  }

  private void loop(LongPredicate goesOn, Call call, Tally tally) {
    long sequence = tally.sequence.getAndIncrement();
    while (goesOn.test(sequence)) {
      long start = nanoTime.getAsLong();
      try {
        call.run(sequence);
        tally.latencies.recordValue(nanoTime.getAsLong() - start);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      } catch (Exception e) {
        tally.failures.incrementAndGet();
        tally.firstFailure.compareAndSet(null, e);
      }
      sequence = tally.sequence.getAndIncrement();
    }
  }

  /** What the callers of one run share. */
  private static final class Tally {
    final AtomicLong sequence = new AtomicLong();
    final AtomicLong failures = new AtomicLong();
    final AtomicReference<@Nullable Exception> firstFailure = new AtomicReference<>();
    final Histogram latencies = new ConcurrentHistogram(3);
  }
}
