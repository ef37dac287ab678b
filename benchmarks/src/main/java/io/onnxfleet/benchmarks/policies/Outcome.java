package io.onnxfleet.benchmarks.policies;

import java.util.Arrays;

/**
 * What became of the requests of one simulation.
 *
 * @param offered requests a second
 * @param throughput answers a second
 * @param goodput answers a second within the deadline
 * @param p50Millis of the answers
 * @param p99Millis of the answers
 * @param meanBatch rows of the mean batch
 */
record Outcome(
    double offered,
    double throughput,
    double goodput,
    double p50Millis,
    double p99Millis,
    double meanBatch) {

  static Outcome of(
      long[] latencies, long deadlineNanos, int offered, double seconds, double meanBatch) {
    long[] sorted = latencies.clone();
    Arrays.sort(sorted);
    long good = Arrays.stream(sorted).filter(latency -> latency <= deadlineNanos).count();
    return new Outcome(
        offered / seconds,
        sorted.length / seconds,
        good / seconds,
        quantile(sorted, 0.5),
        quantile(sorted, 0.99),
        meanBatch);
  }

  private static double quantile(long[] sorted, double share) {
    return sorted.length == 0
        ? Double.NaN
        : sorted[(int) Math.min(sorted.length - 1L, (long) (share * sorted.length))] / 1e6;
  }
}
