package io.onnxfleet.benchmarks.policies;

import io.onnxfleet.engine.batching.AdaptiveBatchingPolicy;
import io.onnxfleet.engine.batching.BatchSchedulerOptions;
import io.onnxfleet.engine.batching.BatchingPolicy;
import io.onnxfleet.engine.batching.QueuePolicy;
import io.onnxfleet.engine.batching.QueuePolicy.TimeoutAction;
import io.onnxfleet.engine.batching.TritonBatchingPolicy;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** The ways of batching that are compared. */
enum Policy {
  /** Every request alone. */
  UNBATCHED(1, 0, Duration.ZERO),
  /** The largest batch, or what has come within 100 ms. */
  FIXED(Integer.MAX_VALUE, Integer.MAX_VALUE, Duration.ofMillis(100)),
  /** Triton's dynamic batcher without a delay: whatever waits, at once. */
  GREEDY(Integer.MAX_VALUE, 0, Duration.ZERO),
  /** Triton's dynamic batcher, which prefers batches of 8 and waits 5 ms for them. */
  TRITON(Integer.MAX_VALUE, 8, Duration.ofMillis(5)),
  /** What the engine does by itself, with all that it learns. */
  ADAPTIVE(Integer.MAX_VALUE, 0, Duration.ZERO);

  private static final int MOST_WAITING = 1024;

  private final int maxBatchSize;
  private final int preferred;
  private final Duration delay;

  Policy(int maxBatchSize, int preferred, Duration delay) {
    this.maxBatchSize = maxBatchSize;
    this.preferred = preferred;
    this.delay = delay;
  }

  BatchSchedulerOptions options(Machine machine) {
    int most = Math.min(maxBatchSize, machine.maxBatchSize());
    return new BatchSchedulerOptions(
        most,
        preferred == 0 ? List.of() : List.of(Math.min(preferred, most)),
        delay,
        1,
        1,
        new QueuePolicy(MOST_WAITING, Duration.ZERO, TimeoutAction.REJECT),
        Map.of());
  }

  BatchingPolicy policy(BatchSchedulerOptions options) {
    return this == ADAPTIVE ? new AdaptiveBatchingPolicy() : new TritonBatchingPolicy(options);
  }

  /** True if the scheduler is told what batches took; it then also refuses what comes too late. */
  boolean learns() {
    return this == ADAPTIVE;
  }
}
