package io.onnxfleet.engine.metrics;

import io.onnxfleet.engine.metrics.ModelStatistics.BatchStatistics;
import io.onnxfleet.engine.metrics.ModelStatistics.Cumulated;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/**
 * Counts what happens to one model version. Thread-safe; a snapshot is not atomic across counters.
 */
public final class StatisticsRecorder {
  private final ModelVersionId id;
  private final LongSupplier epochMillis;
  private final LongAdder inferences = new LongAdder();
  private final Sum success = new Sum();
  private final Sum fail = new Sum();
  private final Sum queue = new Sum();
  private final Sum computeInput = new Sum();
  private final Sum computeInfer = new Sum();
  private final Sum computeOutput = new Sum();
  private final Map<Long, BatchSums> batches = new ConcurrentSkipListMap<>();
  private volatile long lastInferenceMillis;

  public StatisticsRecorder(ModelVersionId id, LongSupplier epochMillis) {
    this.id = id;
    this.epochMillis = epochMillis;
  }

  public void requestSucceeded(RequestTiming timing) {
    inferences.add(timing.rows());
    success.add(timing.total());
    queue.add(timing.queue());
    computeInput.add(timing.computeInput());
    computeInfer.add(timing.computeInfer());
    computeOutput.add(timing.computeOutput());
  }

  public void requestFailed(long nanos) {
    fail.add(nanos);
  }

  public void batchExecuted(BatchTiming timing) {
    lastInferenceMillis = epochMillis.getAsLong();
    BatchSums sums = batches.computeIfAbsent(timing.rows(), rows -> new BatchSums());
    sums.input.add(timing.computeInput());
    sums.infer.add(timing.computeInfer());
    sums.output.add(timing.computeOutput());
  }

  public ModelStatistics snapshot() {
    List<BatchStatistics> perSize =
        batches.entrySet().stream().map(entry -> entry.getValue().of(entry.getKey())).toList();
    long executions = perSize.stream().mapToLong(size -> size.computeInfer().count()).sum();
    return new ModelStatistics(
        id,
        lastInferenceMillis,
        inferences.sum(),
        executions,
        success.read(),
        fail.read(),
        queue.read(),
        computeInput.read(),
        computeInfer.read(),
        computeOutput.read(),
        perSize);
  }

  private static final class Sum {
    private final LongAdder count = new LongAdder();
    private final LongAdder nanos = new LongAdder();

    void add(long duration) {
      count.increment();
      nanos.add(duration);
    }

    Cumulated read() {
      return new Cumulated(count.sum(), nanos.sum());
    }
  }

  private static final class BatchSums {
    private final Sum input = new Sum();
    private final Sum infer = new Sum();
    private final Sum output = new Sum();

    BatchStatistics of(long batchSize) {
      return new BatchStatistics(batchSize, input.read(), infer.read(), output.read());
    }
  }
}
