package io.onnxfleet.gateway.load;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;

/**
 * Quantiles of a stream of latencies, weighted to the last seconds: a histogram with four buckets
 * for each doubling, halved at a fixed interval. A quantile is off by at most a fifth, upwards.
 *
 * <p>Safe for use by many threads. Takes less than 1 KB.
 */
public final class LatencyQuantiles {

  private static final int PER_DOUBLING = 4;
  private static final int LOWEST_DOUBLING = 15; // 33 us
  private static final int BUCKETS = 25 * PER_DOUBLING; // to 18 minutes

  /** Fewer say nothing about a tail. */
  private static final long LEAST_SAMPLES = 20;

  private final long halvedEveryNanos;

  @GuardedBy("this")
  private final long[] counts = new long[BUCKETS];

  @GuardedBy("this")
  private long total;

  @GuardedBy("this")
  private long halvedAt;

  /** Counts nothing yet. */
  public LatencyQuantiles(Duration halvedEvery, long now) {
    this.halvedEveryNanos = halvedEvery.toNanos();
    this.halvedAt = now;
  }

  /** Counts one. */
  public synchronized void record(long nanos, long now) {
    if (now - halvedAt >= halvedEveryNanos) {
      halve(now);
    }
    counts[bucket(nanos)]++;
    total++;
  }

  /** The quantile in nanoseconds, or 0 where too little is known. */
  public synchronized long quantile(double q) {
    if (total < LEAST_SAMPLES) {
      return 0;
    }
    long rank = (long) Math.ceil(q * total);
    long seen = 0;
    for (int i = 0; i < BUCKETS; i++) {
      seen += counts[i];
      if (seen >= rank) {
        return upperBound(i);
      }
    }
    return upperBound(BUCKETS - 1);
  }

  @GuardedBy("this")
  private void halve(long now) {
    total = 0;
    for (int i = 0; i < BUCKETS; i++) {
      counts[i] /= 2;
      total += counts[i];
    }
    halvedAt = now;
  }

  private static int bucket(long nanos) {
    long value = Math.max(nanos, 1L << LOWEST_DOUBLING);
    int doubling = 63 - Long.numberOfLeadingZeros(value);
    int quarter = (int) (value >>> (doubling - 2)) & (PER_DOUBLING - 1);
    return Math.min((doubling - LOWEST_DOUBLING) * PER_DOUBLING + quarter, BUCKETS - 1);
  }

  private static long upperBound(int bucket) {
    int doubling = LOWEST_DOUBLING + bucket / PER_DOUBLING;
    return (1L << doubling) + ((bucket % PER_DOUBLING) + 1L) * (1L << (doubling - 2));
  }
}
