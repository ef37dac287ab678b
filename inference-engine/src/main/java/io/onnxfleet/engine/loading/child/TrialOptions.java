package io.onnxfleet.engine.loading.child;

import java.time.Duration;

/**
 * What a model that was not seen before has to stand, in a process of its own, before it is loaded.
 *
 * @param enabled false if models are loaded at once
 * @param timeout CPU time for opening and one run; by the clock it may take ten times as long
 * @param memoryBytes that it may take, besides three times the size of its files
 */
public record TrialOptions(boolean enabled, Duration timeout, long memoryBytes) {
  public TrialOptions {
    if (timeout.toMillis() < 1) {
      throw new IllegalArgumentException("trial timeout: " + timeout + " (expected: >= 1 ms)");
    }
    if (memoryBytes < 1) {
      throw new IllegalArgumentException("trial memory: " + memoryBytes + " (expected: >= 1)");
    }
  }

  /** No trials. */
  public static TrialOptions off() {
    return new TrialOptions(false, Duration.ofSeconds(60), 2L << 30);
  }
}
