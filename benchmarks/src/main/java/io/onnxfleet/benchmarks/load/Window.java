package io.onnxfleet.benchmarks.load;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.HdrHistogram.Histogram;

/**
 * What ended in a span of time.
 *
 * @param nanos length of the span
 * @param latencies in nanoseconds, of the requests that succeeded; not to be changed
 * @param failures the others: a status, or what broke, to a count
 * @param due how many requests should have been sent in the span
 */
public record Window(long nanos, Histogram latencies, Map<String, Long> failures, long due) {
  public Window {
    if (nanos <= 0) {
      throw new IllegalArgumentException("a window of " + nanos + " ns (expected: above 0)");
    }
    failures = Map.copyOf(failures);
  }

  /** One window as long as all of them. */
  public static Window join(List<Window> windows) {
    long nanos = 0;
    long due = 0;
    Histogram latencies = new Histogram(3);
    Map<String, Long> failures = new TreeMap<>();
    for (Window window : windows) {
      nanos += window.nanos;
      due += window.due;
      latencies.add(window.latencies);
      window.failures.forEach((how, count) -> failures.merge(how, count, Long::sum));
    }
    return new Window(nanos, latencies, failures, due);
  }

  public long succeeded() {
    return latencies.getTotalCount();
  }

  public long failed() {
    return failures.values().stream().mapToLong(Long::longValue).sum();
  }

  /** Of all that ended, how much failed; 0 if nothing ended. */
  public double failedShare() {
    long ended = succeeded() + failed();
    return ended == 0 ? 0 : (double) failed() / ended;
  }

  public double perSecond() {
    return perSecond(succeeded());
  }

  /** Only what succeeded within so many milliseconds. */
  public double perSecondWithin(long millis) {
    return perSecond(
        succeeded() == 0 ? 0 : latencies.getCountBetweenValues(0, millis * 1_000_000L));
  }

  /** 0 if nothing succeeded. */
  public double millis(double percentile) {
    return latencies.getValueAtPercentile(percentile) / 1e6;
  }

  public double meanMillis() {
    return succeeded() == 0 ? 0 : latencies.getMean() / 1e6;
  }

  private double perSecond(long count) {
    return count * 1e9 / nanos;
  }
}
