package io.onnxfleet.benchmarks.autoscaling;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;

/**
 * Requests a second over time.
 *
 * @param rate by the second since the start
 * @param highest of all rates
 */
record Trace(String name, Duration duration, double highest, DoubleUnaryOperator rate) {

  /** A day in four hours: between 20 and 320 requests a second, quiet nights, a peak at noon. */
  static Trace diurnal() {
    double least = 20;
    double most = 320;
    double seconds = Duration.ofHours(4).toSeconds();
    return new Trace(
        "diurnal",
        Duration.ofHours(4),
        most,
        at -> {
          double wave = (1 - Math.cos(2 * Math.PI * at / seconds)) / 2;
          return least + (most - least) * wave * wave;
        });
  }

  /** 40 requests a second, and every ten minutes or so up to eight times as many for minutes. */
  static Trace bursty(long seed) {
    record Burst(double from, double to, double rate) {}
    Duration duration = Duration.ofHours(2);
    double base = 40;
    SplittableRandom random = new SplittableRandom(seed);
    List<Burst> bursts = new ArrayList<>();
    double at = 300;
    while (at < duration.toSeconds()) {
      double length = random.nextDouble(60, 300);
      bursts.add(new Burst(at, at + length, random.nextDouble(120, 320)));
      at += length + random.nextDouble(180, 780);
    }
    return new Trace(
        "bursty",
        duration,
        320,
        second -> {
          for (Burst burst : bursts) {
            if (burst.from <= second && second < burst.to) {
              return burst.rate;
            }
          }
          return base;
        });
  }
}
