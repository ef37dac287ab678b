package io.onnxfleet.engine.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ModelUsesTest {
  private final ModelUses uses = new ModelUses();

  private String least(String... models) {
    return uses.leastValuable(List.of(models)).orElse("none");
  }

  private void use(String model, int times) {
    for (int time = 0; time < times; time++) {
      uses.used(model);
    }
  }

  @Test
  void leastValuable_isWhatIsUsedLeast_whenLoadsCostTheSame() {
    use("often", 3);
    use("once", 1);
    assertThat(least("often", "once")).isEqualTo("once");
    assertThat(least("often", "never")).isEqualTo("never");
    assertThat(least()).isEqualTo("none");
  }

  private void load(int times, String model, long nanos, long byteSize) {
    for (int time = 0; time < times; time++) {
      uses.loaded(model, nanos, byteSize);
    }
  }

  @Test
  void leastValuable_weighsCostAgainstSize_onceCostIsNotChance() {
    use("cheap", 3);
    use("dear", 1);
    load(1, "cheap", 1_000, 100);
    load(1, "dear", 8_000, 100);
    assertThat(least("cheap", "dear")).isEqualTo("dear");
    load(9, "cheap", 1_000, 100);
    load(9, "dear", 8_000, 100);
    assertThat(least("cheap", "dear")).isEqualTo("cheap");
    load(1, "dear", 8_000, 1_000);
    assertThat(least("cheap", "dear")).isEqualTo("dear");
  }

  @Test
  void leastValuable_forgetsSlowly_whatWasUsedOften() {
    use("before", 100);
    use("now", 60);
    assertThat(least("before", "now")).isEqualTo("now");
    use("others", (int) ModelUses.HALF_LIFE);
    use("now", 20);
    assertThat(least("before", "now")).isEqualTo("before");
  }
}
