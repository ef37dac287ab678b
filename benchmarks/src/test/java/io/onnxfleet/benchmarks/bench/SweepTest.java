package io.onnxfleet.benchmarks.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SweepTest {
  @Test
  void doubling_endsWithTheLastNumber_whateverItIs() {
    assertThat(Sweep.doubling("1:64")).containsExactly(1, 2, 4, 8, 16, 32, 64);
    assertThat(Sweep.doubling("3:20")).containsExactly(3, 6, 12, 20);
    assertThat(Sweep.doubling("7")).containsExactly(7);
    assertThat(Sweep.doubling("5:5")).containsExactly(5);
  }

  @Test
  void stepping_includesTheEnd_whenItIsAStep() {
    assertThat(Sweep.stepping("50:400:50")).hasSize(8).startsWith(50.0).endsWith(400.0);
    assertThat(Sweep.stepping("0.1:0.3:0.1")).hasSize(3);
    assertThat(Sweep.stepping("10:25:10")).containsExactly(10.0, 20.0);
    assertThat(Sweep.stepping("150.5")).containsExactly(150.5);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "0", "-1", "x", "1:2:3", "8:4", "1:", "200000"})
  void doubling_refusesWithTheText_whenItIsNoRange(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Sweep.doubling(text))
        .withMessageStartingWith("'" + text + "' (expected: ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "0", "-5", "x", "1:2", "8:4:1", "1:2:0", "NaN", "1:1000000:1"})
  void stepping_refusesWithTheText_whenItIsNoRange(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Sweep.stepping(text))
        .withMessageStartingWith("'" + text + "' (expected: ");
  }
}
