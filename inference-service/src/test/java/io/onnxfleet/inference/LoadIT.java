package io.onnxfleet.inference;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.testing.model.TinyModel;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** What a replica tells of its load. */
@TestInstance(Lifecycle.PER_CLASS)
class LoadIT {
  private static final String HEADER = "endpoint-load-metrics";
  private static final String INFER = "/v2/models/arithmetic/infer";
  private static final String BODY =
      """
      {"inputs":[
        {"name":"a","shape":[1,2],"datatype":"FP32","data":[[1,3]]},
        {"name":"b","shape":[1,2],"datatype":"FP32","data":[2,2]}]}
      """;

  private RunningReplica replica;

  @BeforeAll
  void start(@TempDir Path models) {
    TinyModel.quotientAndSum().writeTo(models, "arithmetic");
    replica = RunningReplica.serving(models);
  }

  @AfterAll
  void stop() {
    replica.close();
  }

  @Test
  void answer_tellsTheLoadThatItLeavesBehind() {
    assertThat(header(replica.post(INFER, BODY)))
        .matches(
            "TEXT application_utilization=[0-9.]+, cpu_utilization=[0-9.]+,"
                + " named_metrics.in_flight=0, named_metrics.queue_ms=0");
  }

  @Test
  void answer_tellsTheLoadInJson_whenAskedTo() {
    String header = header(replica.post(INFER, BODY, "endpoint-load-metrics-format", "JSON"));

    assertThat(header).startsWith("JSON ");
    JsonNode load = RunningReplica.json(header.substring("JSON ".length()));
    assertThat(load.get("named_metrics").get("in_flight").asInt()).isZero();
    assertThat(load.get("application_utilization").asDouble()).isBetween(0.0, 1.0);
  }

  @Test
  void refusal_tellsTheLoadToo() {
    HttpResponse<byte[]> refused = replica.post(INFER, "{}");
    assertThat(refused.statusCode()).isEqualTo(400);
    assertThat(header(refused)).startsWith("TEXT ");
  }

  @Test
  void probe_isAnsweredWithTheHeaderAlone_forReadyModelsOnly() {
    HttpResponse<byte[]> probed = replica.get("/v2/models/arithmetic/load");
    assertThat(probed.statusCode()).isEqualTo(200);
    assertThat(probed.body()).isEmpty();
    assertThat(header(probed)).contains("named_metrics.in_flight=0");

    assertThat(replica.get("/v2/models/unknown/load").statusCode()).isEqualTo(503);
    assertThat(replica.post("/v2/models/unknown/infer", BODY).headers().firstValue(HEADER))
        .isEmpty();
  }

  private static String header(HttpResponse<byte[]> response) {
    return response.headers().firstValue(HEADER).orElseThrow();
  }
}
