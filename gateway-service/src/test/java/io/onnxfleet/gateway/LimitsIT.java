package io.onnxfleet.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Sinks;

class LimitsIT {

  @Test
  void inference_is429ByModel_whenItsPlacesAndQueueAreFull() throws Exception {
    Sinks.Empty<Void> release = Sinks.empty();
    try (RunningGateway gateway =
            new RunningGateway(
                "fleet.gateway.limits.initial=1",
                "fleet.gateway.limits.least=1",
                "fleet.gateway.limits.most=1",
                "fleet.gateway.limits.queue-share=1",
                "fleet.gateway.limits.max-queue-time=60s");
        FakeReplica one =
            new FakeReplica(
                "one",
                (request, body, response) ->
                    request.uri().contains("/busy/")
                        ? release.asMono().then(response.send())
                        : response.send())) {
      gateway.register(one, "busy:1", "other:1");
      CompletableFuture<HttpResponse<String>> first = infer(gateway, "alice");
      awaitGauge(gateway, "fleet_gateway_model_in_flight");
      CompletableFuture<HttpResponse<String>> second = infer(gateway, "alice");
      awaitGauge(gateway, "fleet_gateway_model_waiting");

      HttpResponse<String> refused = infer(gateway, "alice").get(20, TimeUnit.SECONDS);
      assertThat(refused.statusCode()).isEqualTo(429);
      assertThat(refused.headers().firstValue("Retry-After")).contains("1");
      assertThat(refused.body())
          .isEqualTo(
              "{\"error\":\"model 'busy' has 1 requests under way and 1 waiting"
                  + " (expected: fewer)\"}");

      assertThat(gateway.post("/v2/models/other/infer", "{}").statusCode()).isEqualTo(200);
      assertThat(gateway.get("/v2/models/other/config").statusCode()).isEqualTo(200);
      assertThat(
              gateway
                  .send(
                      gateway
                          .request("/v2/models/other/infer")
                          .header("Inference-Priority", "urgent")
                          .POST(BodyPublishers.ofString("{}")))
                  .statusCode())
          .isEqualTo(400);

      release.tryEmitEmpty();
      assertThat(first.get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
      assertThat(second.get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
      String caller = one.received().getFirst().headers().get("Inference-Caller");
      assertThat(caller).hasSize(16).doesNotContain("alice");
      assertThat(one.received())
          .filteredOn(received -> received.uri().equals("/v2/models/other/infer"))
          .allSatisfy(
              received ->
                  assertThat(received.headers()).containsEntry("Inference-Caller", "127.0.0.1"));
    }
  }

  private static CompletableFuture<HttpResponse<String>> infer(
      RunningGateway gateway, String credentials) {
    return gateway.sendLater(
        gateway
            .request("/v2/models/busy/infer")
            .header("Authorization", "Bearer " + credentials)
            .POST(BodyPublishers.ofString("{}")));
  }

  private static void awaitGauge(RunningGateway gateway, String name) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .until(
            () ->
                gateway
                    .get("/actuator/prometheus")
                    .body()
                    .lines()
                    .anyMatch(
                        line ->
                            line.startsWith(name)
                                && line.contains("model=\"busy\"")
                                && line.endsWith(" 1.0")));
  }
}
