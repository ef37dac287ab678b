package io.onnxfleet.benchmarks.autoscaling;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.benchmarks.autoscaling.HorizontalAutoscaler.Metric;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class HorizontalAutoscalerTest {
  private static final Behavior ANY_UP =
      new Behavior(Duration.ZERO, 900, 0, Duration.ofSeconds(15));

  @Test
  void recommend_followsRatio_whenBeyondTolerance() {
    assertThat(recommend(0.5, 1.0, 1.0)).isEqualTo(4);
    assertThat(recommend(0.5, 0.54, 0.54, 0.54)).isEqualTo(3);
    assertThat(recommend(0.5, 0.46, 0.46, 0.46)).isEqualTo(3);
    assertThat(recommend(0.5, 0.2, 0.2, 0.2, 0.2)).isEqualTo(2);
  }

  @Test
  void recommend_takesSilentPodsForBusy_whenItGoesDown() {
    // Four pods at 0.1 of a target of 0.5 would be one; the silent one counts as 0.5: ceil(0.9 /
    // 0.5).
    assertThat(recommend(0.5, 0.1, 0.1, 0.1, 0.1, Double.NaN)).isEqualTo(2);
    assertThat(recommend(0.5, Double.NaN, Double.NaN)).isEqualTo(2);
  }

  @Test
  void recommend_takesSilentPodsForIdle_whenItGoesUp() {
    // One pod at 1.0 of a target of 0.5 asks for two, and the second already starts.
    assertThat(recommend(0.5, 1.0, Double.NaN)).isEqualTo(2);
    assertThat(recommend(0.5, 2.0, Double.NaN)).isEqualTo(4);
  }

  @Test
  void replicas_fallOnlyToHighestRecommendation_whileStabilising() {
    HorizontalAutoscaler autoscaler =
        new HorizontalAutoscaler(1, 20, ANY_UP, Behavior.DEFAULT_DOWN);

    assertThat(synchronise(autoscaler, 0, 4, 1.0)).isEqualTo(8);
    assertThat(synchronise(autoscaler, 15, 8, 0.1)).isEqualTo(8);
    assertThat(synchronise(autoscaler, 290, 8, 0.25)).isEqualTo(8);
    assertThat(synchronise(autoscaler, 330, 8, 0.1)).isEqualTo(4);
  }

  @Test
  void replicas_changeByPolicy_withinItsPeriod() {
    Behavior up = new Behavior(Duration.ZERO, 50, 1, Duration.ofSeconds(60));
    Behavior down = new Behavior(Duration.ZERO, 10, 1, Duration.ofSeconds(60));
    HorizontalAutoscaler autoscaler = new HorizontalAutoscaler(1, 20, up, down);

    assertThat(synchronise(autoscaler, 0, 4, 2.0)).isEqualTo(6);
    assertThat(synchronise(autoscaler, 15, 6, 2.0)).isEqualTo(6);
    assertThat(synchronise(autoscaler, 75, 6, 2.0)).isEqualTo(9);
    assertThat(synchronise(autoscaler, 150, 9, 0.05)).isEqualTo(8);
    assertThat(synchronise(autoscaler, 165, 8, 0.05)).isEqualTo(8);
    assertThat(synchronise(autoscaler, 225, 8, 0.05)).isEqualTo(7);
  }

  @Test
  void replicas_stayWithinBounds() {
    HorizontalAutoscaler autoscaler =
        new HorizontalAutoscaler(
            2, 5, ANY_UP, new Behavior(Duration.ZERO, 100, 0, Duration.ofSeconds(1)));

    assertThat(synchronise(autoscaler, 0, 4, 5.0)).isEqualTo(5);
    assertThat(synchronise(autoscaler, 15, 5, 0)).isEqualTo(2);
  }

  @Test
  void metricThatAsksForMost_counts() {
    HorizontalAutoscaler autoscaler =
        new HorizontalAutoscaler(1, 20, ANY_UP, Behavior.DEFAULT_DOWN);

    assertThat(autoscaler.synchronise(0, 2, List.of(metric(0.5, 0.1, 0.1), metric(0.1, 0.3, 0.3))))
        .isEqualTo(6);
  }

  @Test
  void simulation_isTheSame_whenTheSeedIs() {
    Trace steady = new Trace("steady", Duration.ofMinutes(4), 150, second -> 150);
    Settings settings = Settings.of(AutoscalingComparison.SHIPPED);

    Simulation.Result result = Simulation.run(steady, settings, 7);

    assertThat(result).isEqualTo(Simulation.run(steady, settings, 7));
    // 150 of 53 requests a second each: 2.8 busy replicas, 4.7 at a share of 0.6.
    assertThat(result.replicas().getLast()).isBetween(4, 6);
    assertThat(result.requests()).isBetween(34_000L, 38_000L);
    assertThat(result.violations()).isLessThan(0.2);
  }

  @Test
  void fleet_misses_whenItMayNotGrow() {
    Trace flood = new Trace("flood", Duration.ofMinutes(2), 300, second -> 300);
    Settings small =
        new Settings(
            AutoscalingComparison.SHIPPED,
            Settings.SHIPPED_UP,
            Settings.SHIPPED_DOWN,
            2,
            2,
            Settings.START_TIME);
    Settings large = Settings.of(AutoscalingComparison.SHIPPED);

    assertThat(Simulation.run(flood, large, 1).violations())
        .isLessThan(Simulation.run(flood, small, 1).violations());
  }

  private static int synchronise(
      HorizontalAutoscaler autoscaler, int second, int current, double reading) {
    double[] readings = new double[current];
    Arrays.fill(readings, reading);
    return autoscaler.synchronise(
        Duration.ofSeconds(second).toNanos(), current, List.of(metric(0.5, readings)));
  }

  private static int recommend(double target, double... readings) {
    return HorizontalAutoscaler.recommend(readings.length, metric(target, readings));
  }

  private static Metric metric(double target, double... readings) {
    List<OptionalDouble> all = new ArrayList<>();
    for (double reading : readings) {
      all.add(Double.isNaN(reading) ? OptionalDouble.empty() : OptionalDouble.of(reading));
    }
    return new Metric(target, all);
  }
}
