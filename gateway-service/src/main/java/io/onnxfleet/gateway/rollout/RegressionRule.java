package io.onnxfleet.gateway.rollout;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * When a candidate does worse than what it is to replace. Both are judged by the same callers'
 * requests of the same time, so a caller's own mistakes and a crowd weigh on both. Stateless.
 */
final class RegressionRule {

  /** Standard deviations by which shares of failures must differ: chance does so once in 700. */
  private static final double DEVIATIONS = 3;

  private final int minRequests;
  private final double maxErrorIncrease;
  private final double maxLatencyFactor;

  RegressionRule(RolloutProperties properties) {
    this.minRequests = properties.minRequests();
    this.maxErrorIncrease = properties.maxErrorIncrease();
    this.maxLatencyFactor = properties.maxLatencyFactor();
  }

  /** What is worse. */
  enum Kind {
    ERRORS,
    LATENCY
  }

  record Regression(Kind kind, String reason) {}

  @Nullable Regression judge(ArmOutcomes.Summary stable, ArmOutcomes.Summary candidate) {
    if (candidate.requests() < minRequests) {
      return null;
    }
    if (failsMore(stable, candidate)) {
      return new Regression(
          Kind.ERRORS,
          String.format(
              Locale.ROOT,
              "%.1f %% of its requests failed, %.1f %% of the stable one's (expected: at most"
                  + " %.1f %% more)",
              100 * candidate.failedShare(),
              100 * stable.failedShare(),
              100 * maxErrorIncrease));
    }
    boolean areKnown =
        stable.requests() >= minRequests && stable.p95Nanos() > 0 && candidate.p95Nanos() > 0;
    if (areKnown && candidate.p95Nanos() > maxLatencyFactor * stable.p95Nanos()) {
      return new Regression(
          Kind.LATENCY,
          String.format(
              Locale.ROOT,
              "95 %% of its answers take up to %.1f ms, of the stable one's %.1f ms (expected: at"
                  + " most %s times that)",
              candidate.p95Nanos() / 1e6,
              stable.p95Nanos() / 1e6,
              maxLatencyFactor));
    }
    return null;
  }

  private boolean failsMore(ArmOutcomes.Summary stable, ArmOutcomes.Summary candidate) {
    double increase = candidate.failedShare() - stable.failedShare();
    if (increase <= maxErrorIncrease) {
      return false;
    }
    // Without a single failure of the other side the difference would have no variance.
    double pooled =
        (candidate.failures() + stable.failures() + 1)
            / (candidate.requests() + stable.requests() + 2);
    double others = Math.max(1, stable.requests());
    double variance = pooled * (1 - pooled) * (1 / candidate.requests() + 1 / others);
    return stable.requests() < minRequests || increase > DEVIATIONS * Math.sqrt(variance);
  }
}
