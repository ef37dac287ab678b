package io.onnxfleet.benchmarks.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ServerScenarioCommandTest {
  @Test
  void highest_comesCloserToTheRateThatHolds_withEachStep() throws Exception {
    List<Double> tried = new ArrayList<>();
    double highest =
        ServerScenarioCommand.highest(
            1000,
            7,
            rate -> {
              tried.add(rate);
              return rate <= 700;
            });
    assertThat(tried).hasSize(7).startsWith(800.0, 400.0, 600.0, 700.0);
    assertThat(highest).isLessThanOrEqualTo(700).isCloseTo(700, within(15.0));
  }

  @Test
  void highest_isZero_whenNoRateHolds() throws Exception {
    assertThat(ServerScenarioCommand.highest(1000, 4, _ -> false)).isZero();
  }
}
