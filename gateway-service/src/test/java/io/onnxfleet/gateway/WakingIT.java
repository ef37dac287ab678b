package io.onnxfleet.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.gateway.fleet.FleetWatch;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

class WakingIT {

  private static final String INFER = "/v2/models/late/infer";

  @Test
  void heldRequests_areAnswered_whenFirstReplicaComes() throws Exception {
    try (RunningGateway gateway =
            new RunningGateway("fleet.gateway.waking.hold=60s", "fleet.gateway.waking.max-held=2");
        FakeReplica first = FakeReplica.answering("first", "{\"awake\":true}")) {
      gateway.look();
      assertThat(metric(gateway, "fleet_gateway_waking_held")).isEqualTo("0.0");
      assertThat(metric(gateway, "fleet_gateway_waking_arrivals_total")).isEqualTo("0.0");

      CompletableFuture<HttpResponse<String>> infer = gateway.postLater(INFER, "{\"inputs\":[]}");
      CompletableFuture<HttpResponse<String>> embed =
          gateway.postLater("/v1/embeddings", "{\"model\":\"late\",\"input\":\"a\"}");
      awaitHeld(gateway, "2.0");
      assertThat(gateway.post(INFER, "{}").statusCode()).isEqualTo(429);
      assertThat(gateway.get("/v2/models/late").statusCode()).isEqualTo(503);

      gateway.register(first, "late:1");

      assertThat(infer.get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
      assertThat(embed.get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
      assertThat(gateway.post("/v2/models/other/infer", "{}").statusCode()).isEqualTo(404);
      awaitHeld(gateway, "0.0");
      assertThat(metric(gateway, "fleet_gateway_waking_arrivals_total")).isEqualTo("3.0");
    }
  }

  @Test
  void heldRequest_isRefused_whenNoReplicaComesInTime() throws Exception {
    try (RunningGateway gateway = new RunningGateway("fleet.gateway.waking.hold=100ms")) {
      assertThat(gateway.post(INFER, "{}").statusCode()).isEqualTo(503);

      HttpResponse<String> expired =
          gateway.send(
              gateway
                  .request(INFER)
                  .header("Inference-Deadline-Ms", "20")
                  .POST(BodyPublishers.ofString("{}")));

      assertThat(expired.statusCode()).isEqualTo(504);
      awaitHeld(gateway, "0.0");
    }
  }

  @Test
  void request_isHeldAtOnce_whenTheLastReplicaHasLeft() throws Exception {
    try (RunningGateway gateway = new RunningGateway("fleet.gateway.waking.hold=60s");
        FakeReplica last = FakeReplica.answering("last", "{}");
        FakeReplica next = FakeReplica.answering("next", "{\"awake\":true}")) {
      gateway.register(last, "late:1");
      assertThat(gateway.post(INFER, "{}").statusCode()).isEqualTo(200);

      // The registry forgot it: it is there and is asked on.
      gateway.registry().clear();
      gateway.look();
      assertThat(gateway.post(INFER, "{}").statusCode()).isEqualTo(200);

      last.drain();
      Awaitility.await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> gateway.bean(FleetWatch.class).current().isEmpty());
      CompletableFuture<HttpResponse<String>> held = gateway.postLater(INFER, "{}");
      awaitHeld(gateway, "1.0");
      gateway.register(next, "late:1");

      assertThat(held.get(20, TimeUnit.SECONDS).body()).isEqualTo("{\"awake\":true}");
    }
  }

  @Test
  void request_isRefusedAndCounted_whenNothingIsHeld() throws Exception {
    try (RunningGateway gateway = new RunningGateway()) {
      assertThat(gateway.post(INFER, "{}").statusCode()).isEqualTo(503);

      assertThat(metric(gateway, "fleet_gateway_waking_arrivals_total")).isEqualTo("1.0");
      assertThat(metric(gateway, "fleet_gateway_waking_held")).isEqualTo("0.0");
    }
  }

  private static void awaitHeld(RunningGateway gateway, String count) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> metric(gateway, "fleet_gateway_waking_held").equals(count));
  }

  private static String metric(RunningGateway gateway, String name) throws Exception {
    return gateway
        .get("/actuator/prometheus")
        .body()
        .lines()
        .filter(line -> line.startsWith(name + "{"))
        .map(line -> line.substring(line.lastIndexOf(' ') + 1))
        .findFirst()
        .orElse("absent");
  }
}
