package io.onnxfleet.engine.catalog;

import java.time.Duration;

/**
 * Whether models load at their first request and leave when others need their memory.
 *
 * @param maxWait that a request waits for its model
 * @param maxWaiting requests that wait for models at once, at least 1
 */
public record OnDemandOptions(boolean enabled, Duration maxWait, int maxWaiting) {
  public OnDemandOptions {
    if (maxWait.toMillis() < 1) {
      throw new IllegalArgumentException("on-demand max-wait: " + maxWait + " (expected: >= 1 ms)");
    }
    if (maxWaiting < 1) {
      throw new IllegalArgumentException(
          "on-demand max-waiting: " + maxWaiting + " (expected: >= 1)");
    }
  }

  /** All models load at the start. */
  public static OnDemandOptions off() {
    return new OnDemandOptions(false, Duration.ofSeconds(30), 256);
  }
}
