package io.onnxfleet.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.onnxfleet.benchmarks.Saturation.Measurement;
import java.util.List;
import org.junit.jupiter.api.Test;

class SaturationTest {
  @Test
  void median_isARoundThatRan_ofMedianThroughput() {
    Measurement slow = new Measurement(100, 9, 20, 1);
    Measurement middle = new Measurement(150, 8, 30, 2);
    Measurement fast = new Measurement(900, 7, 10, 3);

    assertThat(Measurement.median(List.of(fast, slow, middle))).isSameAs(middle);
    assertThat(Measurement.median(List.of(fast, slow))).isSameAs(slow);
  }

  @Test
  void median_refusesNoRounds() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Measurement.median(List.of()))
        .withMessage("0 rounds (expected: >= 1)");
  }
}
