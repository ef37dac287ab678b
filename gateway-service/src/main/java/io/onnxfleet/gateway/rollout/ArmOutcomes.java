package io.onnxfleet.gateway.rollout;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.gateway.load.LatencyQuantiles;
import java.time.Duration;

/**
 * How the requests of one side ended of late: all counts are halved at a fixed interval. Safe for
 * use by many threads.
 */
final class ArmOutcomes {

  private final long halvedEveryNanos;
  private final LatencyQuantiles latencies;

  @GuardedBy("this")
  private long halvedAt;

  @GuardedBy("this")
  private double requests;

  @GuardedBy("this")
  private double failures;

  ArmOutcomes(Duration window, long now) {
    this.halvedEveryNanos = window.toNanos();
    this.latencies = new LatencyQuantiles(window, now);
    this.halvedAt = now;
  }

  /**
   * What is known of the side.
   *
   * @param p95Nanos of the requests that did not fail; 0 where too few are known
   */
  record Summary(double requests, double failures, long p95Nanos) {

    double failedShare() {
      return requests == 0 ? 0 : failures / requests;
    }
  }

  void ended(boolean isFailure, long nanos, long now) {
    synchronized (this) {
      while (now - halvedAt >= halvedEveryNanos) {
        requests /= 2;
        failures /= 2;
        halvedAt += halvedEveryNanos;
      }
      requests++;
      failures += isFailure ? 1 : 0;
    }
    if (!isFailure) {
      latencies.record(nanos, now);
    }
  }

  synchronized Summary summary() {
    return new Summary(requests, failures, latencies.quantile(0.95));
  }
}
