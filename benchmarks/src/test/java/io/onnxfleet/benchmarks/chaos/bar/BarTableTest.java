package io.onnxfleet.benchmarks.chaos.bar;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class BarTableTest {

  private final BarTable table = new BarTable();

  @Test
  void table_isMissed_whenOneBarIs() {
    table.add("kill", List.of(Bar.atMost("failed", 0, 0, ""), Bar.shown("p99", "3 ms")));
    assertThat(table.isMissed()).isFalse();

    table.add("join", List.of(Bar.atLeast("share", 0.27, 0.2, "")));

    assertThat(table.isMissed()).isTrue();
    assertThat(table.text())
        .contains("| kill | failed | <= 0 | 0 | met |")
        .contains("| kill | p99 |  | 3 ms |  |")
        .contains("| join | share | >= 0.27 | 0.2 | MISSED |");
  }

  @Test
  void bar_isMissed_whenNothingWasMeasured() {
    assertThat(Bar.atMost("ratio", 1.3, Double.NaN, "").isMissed()).isTrue();
    assertThat(Bar.atLeast("ratio", 1.3, Double.NaN, "").isMissed()).isTrue();
  }
}
