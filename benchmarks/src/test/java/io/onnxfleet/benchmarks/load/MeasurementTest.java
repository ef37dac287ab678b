package io.onnxfleet.benchmarks.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class MeasurementTest {
  private static final long SECOND = 1_000_000_000;

  @Test
  void untilStable_endsAndCountsTheLastThree_whenTheyAgree() {
    Measurement measurement =
        measure(
            10, window(50, 20), window(90, 9), window(100, 10), window(99, 10), window(95, 10.5));

    assertThat(measurement.isStable()).isTrue();
    assertThat(measurement.windows()).isEqualTo(5);
    assertThat(measurement.window().succeeded()).isEqualTo(100 + 99 + 95);
    assertThat(measurement.window().perSecond()).isCloseTo(98, within(1e-9));
  }

  @Test
  void untilStable_goesOn_whenLatencyAloneDiffers() {
    Measurement measurement =
        measure(4, window(100, 10), window(100, 11.2), window(100, 10), window(100, 10.5));

    assertThat(measurement.isStable()).isFalse();
    assertThat(measurement.windows()).isEqualTo(4);
  }

  @Test
  void untilStable_saysSo_whenTheCapIsReached() {
    Measurement measurement = measure(3, window(100, 10), window(89, 10), window(100, 10));

    assertThat(measurement.isStable()).isFalse();
    assertThat(measurement.windows()).isEqualTo(3);
  }

  @Test
  void untilStable_neverEndsEarly_whenNothingSucceeds() {
    Measurement measurement = measure(4, window(0, 1), window(0, 1), window(0, 1), window(0, 1));

    assertThat(measurement.isStable()).isFalse();
    assertThat(measurement.window().perSecond()).isZero();
    assertThat(measurement.window().millis(99)).isZero();
  }

  @Test
  void untilStable_refusesACapBelowThree() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> measure(2, window(1, 1)))
        .withMessage("max-windows: 2 (expected: at least 3)");
  }

  @Test
  void of_countsAllWindows() {
    Iterator<Window> windows = List.of(window(100, 10), window(50, 10), window(100, 10)).iterator();

    Measurement measurement = Measurement.of(windows::next, 3);

    assertThat(measurement.window().succeeded()).isEqualTo(250);
    assertThat(measurement.isStable()).isFalse();
  }

  @Test
  void window_tellsPercentilesGoodputAndFailures_ofAllItsParts() {
    Histogram latencies = new Histogram(3);
    for (int i = 1; i <= 1000; i++) {
      latencies.recordValue(i * 1_000_000L);
    }
    Window first = new Window(2 * SECOND, latencies, Map.of("429", 3L), 1_010);
    Window second = new Window(2 * SECOND, new Histogram(3), Map.of("429", 1L, "504", 6L), 0);

    Window both = Window.join(List.of(first, second));

    assertThat(both.perSecond()).isCloseTo(250, within(1e-9));
    assertThat(both.millis(50)).isCloseTo(500, within(0.5));
    assertThat(both.millis(99.9)).isCloseTo(999, within(1.0));
    assertThat(both.meanMillis()).isCloseTo(500.5, within(0.5));
    assertThat(both.perSecondWithin(300)).isCloseTo(75, within(0.1));
    assertThat(both.failures()).containsOnly(Map.entry("429", 4L), Map.entry("504", 6L));
    assertThat(both.failedShare()).isCloseTo(10 / 1010.0, within(1e-12));
    assertThat(both.due()).isEqualTo(1_010);
  }

  @Test
  void window_refusesNoTime() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Window(0, new Histogram(3), Map.of(), 0))
        .withMessage("a window of 0 ns (expected: above 0)");
  }

  private static Measurement measure(int most, Window... windows) {
    Iterator<Window> next = Arrays.asList(windows).iterator();
    return Measurement.untilStable(next::next, most);
  }

  /** A second with so many answers, all of that latency. */
  private static Window window(int answers, double millis) {
    Histogram latencies = new Histogram(3);
    if (answers > 0) {
      latencies.recordValueWithCount(Math.round(millis * 1e6), answers);
    }
    return new Window(SECOND, latencies, Map.of(), answers);
  }
}
