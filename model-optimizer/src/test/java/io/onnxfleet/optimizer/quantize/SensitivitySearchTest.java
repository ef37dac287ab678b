package io.onnxfleet.optimizer.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SensitivitySearchTest {
  private static final Map<String, Double> HARM = Map.of("a", 0.01, "b", 0.2, "c", 0.05, "d", 0.1);

  private static double errorWithout(Set<String> excluded) {
    return HARM.entrySet().stream()
        .filter(entry -> !excluded.contains(entry.getKey()))
        .mapToDouble(Map.Entry::getValue)
        .sum();
  }

  private static SensitivitySearch.Outcome search(double target) {
    return new SensitivitySearch(
            List.of("a", "b", "c", "d"),
            SensitivitySearchTest::errorWithout,
            (done, of) -> assertThat(done).isBetween(1, of))
        .run(target);
  }

  @Test
  void fewestOfTheWorst_areLeftOut() {
    SensitivitySearch.Outcome outcome = search(0.07);
    assertThat(outcome.excluded()).containsExactlyInAnyOrder("b", "d");
    assertThat(outcome.error()).isEqualTo(0.06, org.assertj.core.api.Assertions.within(1e-9));
    assertThat(outcome.ranking().stream().map(SensitivitySearch.Sensitivity::node))
        .containsExactly("b", "d", "c", "a");
  }

  @Test
  void none_isLeftOut_whenAllAreGoodEnough() {
    assertThat(search(0.5).excluded()).isEmpty();
  }

  @Test
  void all_areLeftOut_whenNothingElseWillDo() {
    assertThat(search(0).excluded()).hasSize(4);
  }
}
