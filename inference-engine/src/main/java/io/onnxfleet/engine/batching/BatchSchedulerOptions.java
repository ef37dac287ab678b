package io.onnxfleet.engine.batching;

import io.onnxfleet.engine.request.PriorityLevels;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * How one model version batches, with the names and the meaning of Triton's {@code
 * dynamic_batching}.
 *
 * @param maxBatchSize most rows of a batch, 1 or more; with 1, every item is a batch of its own,
 *     whatever its rows
 * @param preferredBatchSizes ascending, each 1 to {@code maxBatchSize}; empty for none
 * @param maxQueueDelay how long an idle instance may leave an item waiting for mates, up to a day;
 *     zero to run at once
 * @param priorityLevels 1 to {@link #MOST_PRIORITY_LEVELS}
 * @param defaultPriority 1 to {@code priorityLevels}; the level of an item that names none
 * @param defaultQueuePolicy of every level that has none of its own
 * @param priorityQueuePolicy by level
 */
public record BatchSchedulerOptions(
    int maxBatchSize,
    List<Integer> preferredBatchSizes,
    Duration maxQueueDelay,
    int priorityLevels,
    int defaultPriority,
    QueuePolicy defaultQueuePolicy,
    Map<Integer, QueuePolicy> priorityQueuePolicy) {

  public static final int MOST_PRIORITY_LEVELS = 1024;

  private static final Duration LONGEST_DELAY = Duration.ofDays(1);

  public BatchSchedulerOptions {
    preferredBatchSizes = preferredBatchSizes.stream().sorted().distinct().toList();
    priorityQueuePolicy = Map.copyOf(priorityQueuePolicy);
    require(maxBatchSize >= 1, "max-batch-size", maxBatchSize, ">= 1");
    for (int size : preferredBatchSizes) {
      require(
          size >= 1 && size <= maxBatchSize,
          "preferred-batch-size",
          size,
          "1 to the max-batch-size of " + maxBatchSize);
    }
    require(
        !maxQueueDelay.isNegative() && maxQueueDelay.compareTo(LONGEST_DELAY) <= 0,
        "max-queue-delay",
        maxQueueDelay,
        "0 to " + LONGEST_DELAY);
    require(
        priorityLevels >= 1 && priorityLevels <= MOST_PRIORITY_LEVELS,
        "priority-levels",
        priorityLevels,
        "1 to " + MOST_PRIORITY_LEVELS);
    require(
        defaultPriority >= 1 && defaultPriority <= priorityLevels,
        "default-priority-level",
        defaultPriority,
        "1 to the priority-levels of " + priorityLevels);
    for (int level : priorityQueuePolicy.keySet()) {
      require(
          level >= 1 && level <= priorityLevels,
          "priority-queue-policy",
          level,
          "1 to the priority-levels of " + priorityLevels);
    }
  }

  /** The largest batch at once, one priority level, a queue as large as can be. */
  public static BatchSchedulerOptions ofMaxBatchSize(int maxBatchSize) {
    return new BatchSchedulerOptions(
        maxBatchSize, List.of(), Duration.ZERO, 1, 1, QueuePolicy.DEFAULT, Map.of());
  }

  /** The level in which an item of that priority waits. */
  int levelOf(int priority) {
    if (priority < 0) {
      throw new IllegalArgumentException("priority: " + priority + " (expected: >= 0)");
    }
    if (priority == PriorityLevels.BACKGROUND) {
      return backgroundLevel();
    }
    return priority == 0 || priority > priorityLevels ? defaultPriority : priority;
  }

  /** Behind those that the configuration knows. */
  int backgroundLevel() {
    return priorityLevels + 1;
  }

  /** That behind the others has the policy of the last one that the configuration knows. */
  QueuePolicy queuePolicy(int level) {
    return priorityQueuePolicy.getOrDefault(Math.min(level, priorityLevels), defaultQueuePolicy);
  }

  private static void require(boolean valid, String name, Object value, String expected) {
    if (!valid) {
      throw new IllegalArgumentException("%s: %s (expected: %s)".formatted(name, value, expected));
    }
  }
}
