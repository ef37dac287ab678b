package io.onnxfleet.inference.observability;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.boot.actuate.endpoint.web.annotation.WebEndpoint;
import org.springframework.boot.micrometer.metrics.autoconfigure.export.prometheus.PrometheusOutputFormat;
import org.springframework.boot.micrometer.metrics.autoconfigure.export.prometheus.PrometheusScrapeEndpoint;

/**
 * The scrape, in which Triton's counts are of a counter's type under Triton's names. The library
 * would put {@code _total} behind a counter's name, and nobody who has Triton's dashboards would
 * find it; so they are its gauges, and their type is told here. OpenMetrics has no counter without
 * that ending: there their type is unknown. Thread-safe.
 */
@WebEndpoint(id = "prometheus")
class TritonCounters extends PrometheusScrapeEndpoint {
  private static final List<String> COUNTERS =
      List.of(
          MeterNames.TRITON_REQUEST_SUCCESS,
          MeterNames.TRITON_REQUEST_FAILURE,
          MeterNames.TRITON_INFERENCE_COUNT,
          MeterNames.TRITON_EXECUTION_COUNT,
          MeterNames.TRITON_REQUEST_DURATION,
          MeterNames.TRITON_QUEUE_DURATION,
          MeterNames.TRITON_COMPUTE_INPUT_DURATION,
          MeterNames.TRITON_COMPUTE_INFER_DURATION,
          MeterNames.TRITON_COMPUTE_OUTPUT_DURATION);

  TritonCounters(PrometheusRegistry registry, Properties exposition) {
    super(registry, exposition);
  }

  @Override
  @ReadOperation(producesFrom = PrometheusOutputFormat.class)
  public WebEndpointResponse<byte[]> scrape(
      PrometheusOutputFormat format, @Nullable Set<String> includedNames) {
    WebEndpointResponse<byte[]> scraped = super.scrape(format, includedNames);
    byte[] body = scraped.getBody();
    return body == null || format == PrometheusOutputFormat.CONTENT_TYPE_PROTOBUF
        ? scraped
        : new WebEndpointResponse<>(typed(body, type(format)), format);
  }

  private static String type(PrometheusOutputFormat format) {
    return format == PrometheusOutputFormat.CONTENT_TYPE_004 ? "counter" : "unknown";
  }

  static byte[] typed(byte[] scrape, String type) {
    String text = new String(scrape, StandardCharsets.UTF_8);
    for (String counter : COUNTERS) {
      text =
          text.replace("# TYPE " + counter + " gauge\n", "# TYPE " + counter + " " + type + "\n");
    }
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
