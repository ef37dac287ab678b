package io.onnxfleet.engine.repository.config;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * Requests of different callers share batches.
 *
 * @param preferredBatchSizes ascending, each from 1 to the model's maximum; may be empty
 * @param maxQueueDelay how long a request may wait for company
 * @param priorityLevels 0 if requests have no priority; level 1 is the highest
 * @param defaultPriorityLevel of requests that name none; 0 where there are no levels
 * @param levelQueuePolicies of the levels that differ from the default
 */
public record DynamicBatching(
    List<Integer> preferredBatchSizes,
    Duration maxQueueDelay,
    int priorityLevels,
    int defaultPriorityLevel,
    QueuePolicyConfig defaultQueuePolicy,
    Map<Integer, QueuePolicyConfig> levelQueuePolicies) {

  /** No delay, no preferred size, no priorities. */
  public static final DynamicBatching DEFAULT =
      new DynamicBatching(List.of(), Duration.ZERO, 0, 0, QueuePolicyConfig.DEFAULT, Map.of());

  public DynamicBatching {
    preferredBatchSizes = preferredBatchSizes.stream().distinct().sorted().toList();
    levelQueuePolicies = Map.copyOf(levelQueuePolicies);
    if (maxQueueDelay.isNegative()) {
      throw new IllegalArgumentException("max-queue-delay: " + maxQueueDelay + " (expected: >= 0)");
    }
    if (priorityLevels < 0
        || defaultPriorityLevel > priorityLevels
        || defaultPriorityLevel < Math.min(1, priorityLevels)) {
      throw new IllegalArgumentException(
          "default-priority-level: %d (expected from 1 to priority-levels: %d)"
              .formatted(defaultPriorityLevel, priorityLevels));
    }
  }

  /** The policy of a level; level 0 stands for requests without priority. */
  public QueuePolicyConfig queuePolicy(int level) {
    return levelQueuePolicies.getOrDefault(level, defaultQueuePolicy);
  }
}
