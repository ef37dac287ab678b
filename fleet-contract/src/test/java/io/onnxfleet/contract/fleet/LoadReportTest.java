package io.onnxfleet.contract.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LoadReportTest {

  @Test
  void text_isOrcas() {
    assertThat(new LoadReport(3, 12_500_000, 0.5, 1).asText())
        .isEqualTo(
            "TEXT application_utilization=0.500, cpu_utilization=1, named_metrics.in_flight=3,"
                + " named_metrics.queue_ms=12.500");
  }

  @Test
  void json_isOrcas() {
    assertThat(new LoadReport(0, 0, 0.0614, 0).asJson())
        .isEqualTo(
            "JSON {\"application_utilization\":0.061,\"cpu_utilization\":0,"
                + "\"named_metrics\":{\"in_flight\":0,\"queue_ms\":0}}");
  }

  @Test
  void whatIsNoShare_isZero() {
    assertThat(new LoadReport(0, 0, Double.NaN, -1).asText())
        .startsWith("TEXT application_utilization=0, cpu_utilization=0,");
  }

  @Test
  void parse_readsTheTextForm() {
    assertThat(
            LoadReport.parse(
                "TEXT application_utilization=0.5, cpu_utilization=0.3,"
                    + " named_metrics.in_flight=3,named_metrics.queue_ms=12.5"))
        .isEqualTo(new LoadReport(3, 12_500_000, 0.5, 0.3));
    assertThat(LoadReport.parse("text named_metrics.in_flight=0"))
        .isEqualTo(new LoadReport(0, 0, 0));
  }

  @Test
  void parse_passesOver_whatItDoesNotKnow() {
    assertThat(LoadReport.parse("TEXT eps=7, named_metrics.in_flight=2, named_metrics.later=x"))
        .isEqualTo(new LoadReport(2, 0, 0));
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
        "TEXT named_metrics.in_flight=1, named_metrics.queue_ms=1.2.3",
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

  @Test
  void whatIsWritten_isReadAsItIs() {
    Random random = new Random(7);
    for (int round = 0; round < 10_000; round++) {
      // Three decimals of each figure travel.
      LoadReport report =
          new LoadReport(
              random.nextInt(1000),
              1000L * random.nextInt(2_000_000),
              random.nextInt(1001) / 1000d,
              random.nextInt(1001) / 1000d);
      assertThat(LoadReport.parse(report.asText())).isEqualTo(report);
    }
  }

  /** A short number is read without the library, and must come to the same. */
  @Test
  void numbers_areThoseOfTheLibrary() {
    Random random = new Random(11);
    for (int round = 0; round < 10_000; round++) {
      String number =
          random.nextInt(10_000_000)
              + (random.nextBoolean() ? "" : "." + random.nextInt(100_000_000));
      LoadReport read =
          LoadReport.parse("TEXT named_metrics.in_flight=1, cpu_utilization=" + number);
      assertThat(read).isEqualTo(new LoadReport(1, 0, 0, Double.parseDouble(number)));
    }
  }
}
