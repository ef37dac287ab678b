package io.onnxfleet.gateway.balancing;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LoadReportTest {

  @Test
  void parse_readsTheTextForm() {
    assertThat(
            LoadReport.parse(
                "TEXT application_utilization=0.5, cpu_utilization=0.3,"
                    + " named_metrics.in_flight=3,named_metrics.queue_ms=12.5"))
        .isEqualTo(new LoadReport(3, 12_500_000, 0.5));
    assertThat(LoadReport.parse("text named_metrics.in_flight=0"))
        .isEqualTo(new LoadReport(0, 0, 0));
  }

  @Test
  void parse_bounds_whatIsTooLarge() {
    assertThat(LoadReport.parse("TEXT named_metrics.in_flight=1e300, named_metrics.queue_ms=1e300"))
        .isEqualTo(new LoadReport(1_000_000_000, 1_000_000_000_000_000L, 0));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "TEXT ",
        "TEXT cpu_utilization=0.3",
        "TEXT named_metrics.in_flight",
        "TEXT named_metrics.in_flight=",
        "TEXT named_metrics.in_flight=-1",
        "TEXT named_metrics.in_flight=x",
        "TEXT named_metrics.in_flight=1, named_metrics.queue_ms=NaN",
        "JSON {\"named_metrics\":{\"in_flight\":1}}",
        "BIN AAAA"
      })
  void parse_isNull_whenItSaysNothingSound(String header) {
    assertThat(LoadReport.parse(header)).isNull();
  }

  @Test
  void parse_isNull_withoutAHeader() {
    assertThat(LoadReport.parse(null)).isNull();
  }
}
