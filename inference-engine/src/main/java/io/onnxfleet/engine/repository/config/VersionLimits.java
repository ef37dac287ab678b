package io.onnxfleet.engine.repository.config;

import java.time.Duration;

/**
 * What bounds each model version where its configuration does not.
 *
 * @param maxQueueSize requests that may wait where the configuration sets no bound, at least 1
 * @param maxQueueDelay how long the work that waits may take, by what batches took lately, before
 *     more is refused; zero for no bound
 * @param maxRequestRows rows of the largest request, at least 1; one above the batch size is split
 * @param maxRunTime after which a run is terminated, unless the configuration says otherwise; zero
 *     for no limit
 */
public record VersionLimits(
    int maxQueueSize, Duration maxQueueDelay, int maxRequestRows, Duration maxRunTime) {
  private static final Duration LONGEST_DELAY = Duration.ofDays(1);

  public VersionLimits {
    requireAtLeastOne("max-queue-size", maxQueueSize);
    requireAtLeastOne("max-request-rows", maxRequestRows);
    if (maxQueueDelay.isNegative() || maxQueueDelay.compareTo(LONGEST_DELAY) > 0) {
      throw new IllegalArgumentException(
          "max-queue-delay: " + maxQueueDelay + " (expected: 0 to 24 hours)");
    }
  }

  /** So many requests and rows, whatever time they take. */
  public static VersionLimits of(int maxQueueSize, int maxRequestRows) {
    return new VersionLimits(maxQueueSize, Duration.ZERO, maxRequestRows, Duration.ZERO);
  }

  private static void requireAtLeastOne(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + ": " + value + " (expected: >= 1)");
    }
  }
}
