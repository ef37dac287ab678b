package io.onnxfleet.optimizer.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class HistogramTest {
  @Test
  void percentile_leavesOutAShareAtEitherEnd() {
    Histogram histogram = new Histogram(new Range(-10, 10));
    for (int number = -10_000; number < 10_000; number++) {
      histogram.add(number / 1000f);
    }
    Range range = histogram.percentile(0.9);
    assertThat(range.lowest()).isEqualTo(-9, within(0.02f));
    assertThat(range.highest()).isEqualTo(9, within(0.02f));
    assertThat(histogram.percentile(1)).isEqualTo(new Range(-10, 10));
  }

  @Test
  void entropy_cutsOffALoneOutlier_butNotWhatIsCommon() {
    Histogram histogram = new Histogram(new Range(-4, 100));
    Random random = new Random(1);
    for (int count = 0; count < 100_000; count++) {
      histogram.add((float) Math.clamp(random.nextGaussian(), -4, 4));
    }
    histogram.add(100);
    Range range = histogram.entropy();
    assertThat(range.lowest()).isEqualTo(-4);
    assertThat(range.highest()).isBetween(2.5f, 20f);
  }

  @Test
  void entropy_keepsAll_whenItIsSpreadEvenly() {
    Histogram histogram = new Histogram(new Range(-8, 8));
    for (int number = -80_000; number <= 80_000; number++) {
      histogram.add(number / 10_000f);
    }
    assertThat(histogram.entropy().largest()).isGreaterThan(7.5f);
  }

  @Test
  void range_staysNothing_whenOnlyZeroWasSeen() {
    Histogram histogram = new Histogram(new Range(0, 0));
    histogram.add(0);
    assertThat(histogram.percentile(0.99)).isEqualTo(new Range(0, 0));
  }
}
