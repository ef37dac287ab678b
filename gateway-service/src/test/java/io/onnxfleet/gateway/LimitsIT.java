package io.onnxfleet.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
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
      // Credentials that nobody verified, and names that callers give themselves, tell nobody
      // apart.
      assertThat(one.received())
          .filteredOn(received -> received.method().equals("POST"))
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

  @Test
  void priority_isTheDefaultOne_withoutTheScopeForIt() throws Exception {
    assertThat(servedOrder()).containsExactly("first", "normal", "urgent");
    assertThat(servedOrder("fleet.gateway.security.anonymous-scopes=infer,priority"))
        .containsExactly("first", "urgent", "normal");
  }

  /**
   * The order in which three requests are answered, of which the last one says that it is urgent.
   */
  private static List<String> servedOrder(String... properties) throws Exception {
    List<String> all =
        new ArrayList<>(
            List.of(
                "fleet.gateway.limits.initial=1",
                "fleet.gateway.limits.least=1",
                "fleet.gateway.limits.most=1",
                "fleet.gateway.limits.queue-share=10",
                "fleet.gateway.limits.max-queue-time=60s"));
    all.addAll(List.of(properties));
    Sinks.Empty<Void> release = Sinks.empty();
    try (RunningGateway gateway = new RunningGateway(all.toArray(String[]::new));
        FakeReplica one =
            new FakeReplica(
                "one", (request, body, response) -> release.asMono().then(response.send()))) {
      gateway.register(one, "busy:1");
      List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
      for (String name : List.of("first", "normal", "urgent")) {
        HttpRequest.Builder request =
            gateway.request("/v2/models/busy/infer").POST(BodyPublishers.ofString(name));
        if (name.equals("urgent")) {
          request.header("Inference-Priority", "1");
        }
        answers.add(gateway.sendLater(request));
        int waiting = answers.size() - 1;
        Awaitility.await()
            .atMost(Duration.ofSeconds(20))
            .until(() -> gauge(gateway, "fleet_gateway_model_waiting") == waiting);
      }
      release.tryEmitEmpty();
      for (CompletableFuture<HttpResponse<String>> answer : answers) {
        assertThat(answer.get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
      }
      return one.received().stream()
          .map(received -> new String(received.body(), StandardCharsets.UTF_8))
          .toList();
    }
  }

  private static double gauge(RunningGateway gateway, String name) throws Exception {
    return gateway
        .get("/actuator/prometheus")
        .body()
        .lines()
        .filter(line -> line.startsWith(name + "{") && line.contains("model=\"busy\""))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .findFirst()
        .orElse(-1);
  }

  @Test
  void caller_isNamedByAHeader_onlyWhereATrustedProxySaysIt() throws Exception {
    String header = "fleet.gateway.limits.caller-header=X-User";
    assertThatThrownBy(() -> new RunningGateway(header))
        .hasStackTraceContaining("fleet.gateway.limits.caller-header: 'X-User'");
    for (String trusted : new String[] {"127.0.0.0/8", "192.0.2.0/24"}) {
      for (String strategy : new String[] {"none", "framework"}) {
        try (RunningGateway gateway =
                new RunningGateway(
                    header,
                    "server.forward-headers-strategy=" + strategy,
                    "fleet.gateway.security.trusted-proxies=" + trusted);
            FakeReplica one = FakeReplica.answering("one", "{}")) {
          gateway.register(one, "a:1");
          gateway.send(
              gateway
                  .request("/v2/models/a/infer")
                  .headers("X-User", "alice", "X-Forwarded-For", "198.51.100.7")
                  .POST(BodyPublishers.ofString("{}")));
          gateway.send(
              gateway
                  .request("/v2/models/a/infer")
                  .header("X-Forwarded-For", "198.51.100.7")
                  .POST(BodyPublishers.ofString("{}")));

          boolean isTrusted = trusted.startsWith("127");
          assertThat(one.received().get(0).headers().get("Inference-Caller"))
              .hasSize(isTrusted ? 16 : "127.0.0.1".length())
              .doesNotContain("alice");
          assertThat(one.received().get(1).headers())
              .containsEntry("Inference-Caller", isTrusted ? "198.51.100.7" : "127.0.0.1");
        }
      }
    }
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
