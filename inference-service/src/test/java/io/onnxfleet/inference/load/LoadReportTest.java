package io.onnxfleet.inference.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class LoadReportTest {
  @Test
  void text_isOrcas() {
    assertThat(new LoadReport(0.5, 1, 3, 0.0125).asText())
        .isEqualTo(
            "TEXT application_utilization=0.500, cpu_utilization=1, named_metrics.in_flight=3,"
                + " named_metrics.queue_ms=12.500");
  }

  @Test
  void json_isOrcas() {
    assertThat(new LoadReport(0.0614, 0, 0, 0).asJson())
        .isEqualTo(
            "JSON {\"application_utilization\":0.061,\"cpu_utilization\":0,"
                + "\"named_metrics\":{\"in_flight\":0,\"queue_ms\":0}}");
  }

  @Test
  void whatIsNoShare_isZero() {
    assertThat(new LoadReport(Double.NaN, -1, 0, 0).asText())
        .startsWith("TEXT application_utilization=0, cpu_utilization=0,");
  }

  @Test
  void processorShare_isReadAtMostTwiceASecond() {
    AtomicInteger readings = new AtomicInteger();
    AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 10);
    ProcessorShare share = new ProcessorShare(readings::incrementAndGet, clock::get);
    assertThat(share.getAsDouble()).isEqualTo(1);
    assertThat(share.getAsDouble()).isEqualTo(1);
    clock.addAndGet(500_000_000);
    assertThat(share.getAsDouble()).isEqualTo(2);
  }
}
