package io.onnxfleet.benchmarks.autoscaling;

import java.time.Duration;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * An autoscaler to compare.
 *
 * @param targets by signal; of several the one that asks for most replicas counts
 * @param startTime from the decision until a new replica is ready
 */
record Settings(
    Map<Signal, Double> targets,
    Behavior up,
    Behavior down,
    int least,
    int most,
    Duration startTime) {

  static final Duration START_TIME = Duration.ofSeconds(20);

  /** Upwards as fast as is sensible; downwards a tenth a minute after five calm minutes. */
  static final Behavior SHIPPED_UP = new Behavior(Duration.ZERO, 100, 4, Duration.ofSeconds(15));

  static final Behavior SHIPPED_DOWN =
      new Behavior(Duration.ofMinutes(5), 10, 1, Duration.ofMinutes(1));

  Settings {
    // In the order of the signals: draws of chance follow it.
    targets = Collections.unmodifiableMap(new EnumMap<>(targets));
  }

  static Settings of(Map<Signal, Double> targets) {
    return new Settings(targets, SHIPPED_UP, SHIPPED_DOWN, 2, 20, START_TIME);
  }

  String label() {
    return targets.entrySet().stream()
        .map(
            target ->
                String.format(Locale.ROOT, "%s %s", target.getKey().label(), target.getValue()))
        .collect(Collectors.joining(" or "));
  }
}
