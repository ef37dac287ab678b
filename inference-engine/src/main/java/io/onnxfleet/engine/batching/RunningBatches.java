package io.onnxfleet.engine.batching;

import io.onnxfleet.engine.batching.latency.LatencyCurve;
import java.util.ArrayList;
import java.util.List;

/**
 * The batches that were taken and are not yet completed, and when the executors will be through
 * with them and with what waits. Remembers one batch an executor, the last ones where completions
 * are not told. Not thread-safe.
 */
final class RunningBatches<T extends BatchItem> {
  private record Run<T extends BatchItem>(Batch<T> batch, long endNanos) {}

  private int executors;
  private final List<Run<T>> runs = new ArrayList<>();

  RunningBatches(int executors) {
    this.executors = executors;
  }

  void executors(int count) {
    executors = count;
    while (runs.size() > executors) {
      runs.removeFirst();
    }
  }

  void started(Batch<T> batch, LatencyCurve latency) {
    if (runs.size() == executors) {
      runs.removeFirst();
    }
    long nanos = latency.isKnown() ? latency.nanos(batch.rows(), batch.length()) : 0;
    runs.add(new Run<>(batch, batch.closedNanos() + nanos));
  }

  @SuppressWarnings("ReferenceEquality") // a batch is the one that was taken, whatever it holds
  void ended(Batch<T> batch) {
    runs.removeIf(run -> run.batch == batch);
  }

  int count() {
    return runs.size();
  }

  long rows() {
    long rows = 0;
    for (Run<T> run : runs) {
      rows += run.batch.rows();
    }
    return rows;
  }

  /**
   * Nanoseconds until an item starts that has this ahead of it.
   *
   * <pre>
   * (sum of what the running batches still take + batches ahead * time of one) / executors
   * </pre>
   *
   * less half a batch's share, because executors do not become free together.
   *
   * @param batchRows rows of one batch, above 0
   */
  long nanosUntilStart(LatencyCurve latency, long rowsAhead, int batchRows, long length, long now) {
    long sum = 0;
    long first = runs.size() < executors ? 0 : Long.MAX_VALUE;
    for (Run<T> run : runs) {
      long left = Math.max(0, run.endNanos - now);
      sum += left;
      first = Math.min(first, left);
    }
    long batches = rowsAhead / batchRows;
    if (batches == 0) {
      return first;
    }
    double batch = latency.nanos(batchRows, length);
    double start = (sum + batches * batch - batch * (executors - 1) / 2) / executors;
    return Math.max(first, (long) start);
  }
}
