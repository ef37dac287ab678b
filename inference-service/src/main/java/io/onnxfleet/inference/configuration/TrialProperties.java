package io.onnxfleet.inference.configuration;

import io.onnxfleet.engine.loading.child.TrialOptions;
import java.time.Duration;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * What a model that was not seen before, by its content, has to stand in a process of its own
 * before it is loaded.
 *
 * @param enabled false if models are loaded at once
 * @param timeout CPU time for opening and one run, 100 ms to a day; by the clock it may take ten
 *     times as long
 * @param memory that it may take besides three times the size of its files, at least 64 MB
 */
public record TrialProperties(
    @DefaultValue("true") boolean enabled,
    @DefaultValue("60s") Duration timeout,
    @DefaultValue("2GB") DataSize memory) {
  private static final String PREFIX = "fleet.inference.trial.";
  private static final Duration LEAST = Duration.ofMillis(100);
  private static final Duration MOST = Duration.ofDays(1);

  public TrialProperties {
    if (timeout.compareTo(LEAST) < 0 || timeout.compareTo(MOST) > 0) {
      throw new IllegalArgumentException(
          "%stimeout: %s (expected: 100 ms to 24 hours)".formatted(PREFIX, timeout));
    }
    if (memory.toMegabytes() < 64) {
      throw new IllegalArgumentException(
          "%smemory: %s (expected: >= 64MB)".formatted(PREFIX, memory));
    }
  }

  TrialOptions options() {
    return new TrialOptions(enabled, timeout, memory.toBytes());
  }
}
