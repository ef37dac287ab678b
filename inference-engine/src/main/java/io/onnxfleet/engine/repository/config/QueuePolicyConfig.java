package io.onnxfleet.engine.repository.config;

import java.time.Duration;

/**
 * What happens to requests while they wait.
 *
 * @param maxQueueSize waiting requests; 0 leaves the bound to the engine
 * @param timeout how long a request may wait; zero is without limit
 * @param timeoutAction what becomes of a request that waited longer
 * @param allowTimeoutOverride true if a request may ask for a shorter timeout
 */
public record QueuePolicyConfig(
    int maxQueueSize, Duration timeout, TimeoutAction timeoutAction, boolean allowTimeoutOverride) {

  public static final QueuePolicyConfig DEFAULT =
      new QueuePolicyConfig(0, Duration.ZERO, TimeoutAction.REJECT, false);

  /** What becomes of a request whose timeout passed while it waited. */
  public enum TimeoutAction {
    /** It fails. */
    REJECT,
    /** It runs after all those of its level and above that are in time. */
    DELAY
  }

  public QueuePolicyConfig {
    if (maxQueueSize < 0 || timeout.isNegative()) {
      throw new IllegalArgumentException(
          "max-queue-size: %d, timeout: %s (expected: >= 0)".formatted(maxQueueSize, timeout));
    }
  }
}
