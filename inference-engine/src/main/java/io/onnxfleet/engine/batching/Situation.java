package io.onnxfleet.engine.batching;

import io.onnxfleet.engine.batching.latency.LatencyCurve;
import io.onnxfleet.engine.batching.latency.LatencyModel;

/**
 * What goes on around an open batch.
 *
 * @param latency what is known of how long batches take
 * @param executors who take batches
 * @param runningBatches how many of them are busy
 * @param runningRows rows of what they execute
 * @param waitingRows rows of everything in the queue, the open batch included
 * @param expectedReturns requests that will probably come within a moment, from callers who were
 *     just answered
 * @param answeredNanos the ticker's reading when the last of them were
 */
public record Situation(
    LatencyCurve latency,
    int executors,
    int runningBatches,
    long runningRows,
    long waitingRows,
    int expectedReturns,
    long answeredNanos) {

  /** Where nothing is known. */
  static final Situation UNKNOWN = new Situation(new LatencyModel(1).curve(), 1, 0, 0, 0, 0, 0);

  /** True if so much waits that small batches cannot keep up with it. */
  boolean isBacklogged(long length) {
    return waitingRows >= 2L * latency.bestRows(length, false);
  }
}
