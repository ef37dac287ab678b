package io.onnxfleet.engine.instance;

import io.onnxfleet.engine.batching.BatchSchedulerOptions;
import io.onnxfleet.engine.batching.BatchingPolicy;
import io.onnxfleet.engine.batching.WorkLimits;
import java.time.Duration;

/**
 * How a model version's batches are formed: the queue's bounds, when a batch is closed, how much
 * work is taken on, what may share a batch, and with which shapes it is run.
 *
 * @param limits but for the executors, which the instances are
 * @param maxRunTime after which a run is terminated; zero for no limit
 * @param rows to begin with; {@link InstanceGroup#rowTerms(RowTerms)} changes them
 */
public record Scheduling(
    BatchSchedulerOptions options,
    BatchingPolicy policy,
    WorkLimits limits,
    ShapeLadder ladder,
    Duration maxRunTime,
    RowTerms rows) {
  /** Of a model whose rows are independent, without limits of the work or of the shapes. */
  public Scheduling(BatchSchedulerOptions options, BatchingPolicy policy) {
    this(
        options,
        policy,
        WorkLimits.NONE,
        ShapeLadder.NONE,
        Duration.ZERO,
        RowTerms.independent(""));
  }
}
