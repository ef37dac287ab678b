package io.onnxfleet.inference.observability;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.metrics.BatchTiming;
import io.onnxfleet.engine.metrics.ModelGauges;
import io.onnxfleet.engine.metrics.ModelVersionId;
import io.onnxfleet.engine.metrics.RequestTiming;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class EngineMetersTest {
  private static final ModelVersionId ID = new ModelVersionId("minilm", 2);
  private static final String TAGS = "{model=\"minilm\",version=\"2\"}";

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final EngineMeters meters = new EngineMeters(registry);

  @Test
  void scrape_hasWhatIsScaledOn_atZeroLoad_andNothingAboutRequests() {
    meters.versionReady(ID, "cpu", new IdleGauges());
    assertThat(registry.scrape())
        .contains("fleet_inference_instances_busy_ratio" + TAGS + " 0.25")
        .contains("fleet_inference_queue_delay_seconds" + TAGS + " 1.5")
        .contains("fleet_inference_pending_requests" + TAGS + " 3.0")
        .contains("fleet_inference_instances" + TAGS + " 2.0")
        .contains(
            "fleet_inference_model_ready"
                + "{execution_provider=\"cpu\",model=\"minilm\",version=\"2\"} 1.0")
        .contains("nv_inference_pending_request_count" + TAGS + " 3.0")
        .doesNotContain("fleet_inference_request_duration_seconds")
        .doesNotContain("reason=")
        .doesNotContain("nv_inference_request_success");
  }

  @Test
  void scrape_hasEverySeries_fromTheFirstRequestOn() {
    meters.versionReady(ID, "cpu", new IdleGauges());
    meters.requestFailed(ID, ErrorCode.QUEUE_FULL, 1);
    String scrape = registry.scrape();
    assertThat(scrape)
        .contains("fleet_inference_request_failures_total{model=\"minilm\",reason=\"queue_full\"")
        .contains("fleet_inference_request_failures_total{model=\"minilm\",reason=\"cancelled\"")
        .contains("fleet_inference_merged_comparisons_total{model=\"minilm\",outcome=\"differed\"")
        .contains("fleet_inference_compute_infer_duration_seconds_count" + TAGS + " 0")
        .contains("nv_inference_request_success" + TAGS + " 0.0");
    List<String> buckets =
        scrape
            .lines()
            .filter(line -> line.startsWith("fleet_inference_request_duration_seconds_bucket"))
            .map(line -> line.replaceAll(".*le=\"([^\"]*)\".*", "$1"))
            .toList();
    // The objective of monitoring/prometheus/rules is 300 ms.
    assertThat(buckets).hasSize(12 + 1).contains("0.3", "+Inf");
  }

  @Test
  void scrape_saysWhatEachSeriesIs() {
    meters.versionReady(ID, "cpu", new IdleGauges());
    meters.batchExecuted(ID, new BatchTiming(2, 5, 40, 10, 1_000, 8_000, 500));
    String scrape =
        new String(
            TritonCounters.typed(registry.scrape().getBytes(StandardCharsets.UTF_8), "counter"),
            StandardCharsets.UTF_8);
    assertThat(scrape.lines().filter(line -> line.startsWith("# HELP")))
        .isNotEmpty()
        .allMatch(line -> line.split(" ", 4).length == 4 && line.split(" ", 4)[3].length() > 10);
    assertThat(scrape.lines().filter(line -> line.startsWith("# TYPE nv_")))
        .hasSize(10)
        .allMatch(
            line -> line.endsWith(line.contains("pending_request_count") ? " gauge" : " counter"));
  }

  /** The bar of a replica's scrape; before, it was 17.9 MB. */
  @Test
  void scrape_isSmall_whenMostModelsAreNeverAsked() {
    registry.config().commonTags("application", "inference-service");
    for (int model = 0; model < 1_000; model++) {
      ModelVersionId id = new ModelVersionId("a-model-of-some-name-%04d".formatted(model), 1);
      meters.versionReady(id, "cpu", new IdleGauges());
      if (model % 20 == 0) {
        meters.batchExecuted(id, new BatchTiming(2, 5, 40, 10, 1_000, 8_000, 500));
        meters.requestSucceeded(id, new RequestTiming(2, 20_000, 9_000, 1_000, 8_000, 500));
      }
    }
    assertThat(registry.scrape().length()).isLessThan(1_500_000);
  }

  @Test
  void firstRequest_leavesNothingBehind_whereTheVersionIsGone() {
    VersionMeters version = new VersionMeters(registry, ID, "cpu", new IdleGauges());
    version.remove();
    version.used().requestFailed(ErrorCode.CANCELLED);
    assertThat(registry.scrape()).doesNotContain("minilm");
  }

  @Test
  void scrape_countsRowsExecutionsAndMicroseconds_underTritonsNames() {
    meters.versionReady(ID, "cpu", new IdleGauges());
    meters.batchExecuted(ID, new BatchTiming(2, 5, 40, 10, 1_000, 8_000, 500));
    meters.requestSucceeded(ID, new RequestTiming(2, 20_000, 9_000, 1_000, 8_000, 500));
    meters.requestSucceeded(ID, new RequestTiming(3, 22_000, 7_000, 1_000, 8_000, 500));
    meters.requestFailed(ID, ErrorCode.DEADLINE_EXCEEDED, 99);

    assertThat(registry.scrape())
        .contains("nv_inference_request_success" + TAGS + " 2.0")
        .contains("nv_inference_count" + TAGS + " 5.0")
        .contains("nv_inference_exec_count" + TAGS + " 1.0")
        .contains("nv_inference_queue_duration_us" + TAGS + " 16.0")
        .contains("nv_inference_request_duration_us" + TAGS + " 42.0")
        .contains(
            "nv_inference_request_failure"
                + "{model=\"minilm\",reason=\"deadline_exceeded\",version=\"2\"} 1.0")
        .contains("fleet_inference_batch_size_sum" + TAGS + " 5.0")
        .contains("fleet_inference_batch_padding_ratio_sum" + TAGS + " 0.25")
        .contains("fleet_inference_tokens_total" + TAGS + " 40.0")
        .contains("fleet_inference_padding_tokens_total" + TAGS + " 10.0");
  }

  @Test
  void versionUnloaded_takesTheSeriesAway_andLateEventsDoNoHarm() {
    meters.versionReady(ID, "cpu", new IdleGauges());
    meters.versionReady(ID, "cuda", new IdleGauges());
    assertThat(registry.scrape())
        .contains("execution_provider=\"cuda\"")
        .doesNotContain("execution_provider=\"cpu\"");
    meters.versionUnloaded(ID);
    meters.requestSucceeded(ID, new RequestTiming(1, 1, 1, 1, 1, 1));
    assertThat(registry.scrape()).doesNotContain("minilm");
  }

  private static final class IdleGauges implements ModelGauges {
    @Override
    public int pendingRequests() {
      return 3;
    }

    @Override
    public long pendingRows() {
      return 7;
    }

    @Override
    public double queueDelaySeconds() {
      return 1.5;
    }

    @Override
    public double queuedWorkSeconds() {
      return 0.75;
    }

    @Override
    public double busyShare() {
      return 0.25;
    }

    @Override
    public int instances() {
      return 2;
    }
  }
}
