package io.onnxfleet.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.gateway.admission.ByteBudget;
import io.onnxfleet.gateway.load.InFlightRequests;
import java.io.ByteArrayOutputStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.awaitility.Awaitility;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

class RoutingIT {

  private static RunningGateway gateway;

  @BeforeAll
  static void start() {
    gateway = new RunningGateway("fleet.gateway.registry.vanished-grace=0s");
  }

  @AfterAll
  static void stop() {
    gateway.close();
  }

  @AfterEach
  void nothingIsLeftBehind() {
    // A client may have its answer a moment before the gateway has seen its end.
    eventually(
        () -> {
          for (String replica : List.of("one", "two")) {
            assertThat(gateway.bean(InFlightRequests.class).count(replica)).isZero();
          }
          assertThat(gateway.bean(ByteBudget.class).reserved()).isZero();
        });
    gateway.registry().clear();
    gateway.look();
  }

  private static void eventually(ThrowingRunnable assertion) {
    Awaitility.await().atMost(Duration.ofSeconds(20)).untilAsserted(assertion);
  }

  @Test
  void inference_reachesReplicaThatHasModel_whenAnotherHasNot() throws Exception {
    try (FakeReplica one = FakeReplica.answering("one", "{\"from\":1}");
        FakeReplica two = FakeReplica.answering("two", "{\"from\":2}")) {
      gateway.register(one, "a:1");
      gateway.register(two, "b%2Cc:1", "a:2");

      for (int i = 0; i < 5; i++) {
        assertThat(gateway.post("/v2/models/a/versions/1/infer", "{}").body())
            .isEqualTo("{\"from\":1}");
        assertThat(gateway.post("/v2/models/b,c/infer?x=1%202", "{}").body())
            .isEqualTo("{\"from\":2}");
      }
      FakeReplica.Received received = two.received().getFirst();
      assertThat(received.method()).isEqualTo("POST");
      assertThat(received.uri()).isEqualTo("/v2/models/b,c/infer?x=1%202");
      assertThat(received.headers()).containsEntry("Host", "127.0.0.1:" + two.port());
    }
  }

  @Test
  void metadata_isForwarded_whenAskedWithGet() throws Exception {
    try (FakeReplica one = FakeReplica.answering("one", "{\"name\":\"a\"}")) {
      gateway.register(one, "a:1");

      HttpResponse<String> answer = gateway.get("/v2/models/a");

      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.body()).isEqualTo("{\"name\":\"a\"}");
      assertThat(answer.headers().firstValue("Inference-Replica")).contains("one");
      assertThat(gateway.get("/v2/models/a/ready").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void body_arrivesUnchanged_whenItIsLarge() throws Exception {
    byte[] body = new byte[20 * 1024 * 1024];
    new Random(7).nextBytes(body);
    try (FakeReplica echo =
        new FakeReplica(
            "one",
            (request, received, response) -> response.sendByteArray(Flux.just(received)).then())) {
      gateway.register(echo, "a:1");

      HttpResponse<byte[]> declared =
          gateway
              .client()
              .send(
                  gateway
                      .request("/v2/models/a/infer")
                      .POST(BodyPublishers.ofByteArray(body))
                      .build(),
                  BodyHandlers.ofByteArray());
      HttpResponse<byte[]> chunked =
          gateway
              .client()
              .send(
                  gateway
                      .request("/v2/models/a/infer")
                      .POST(BodyPublishers.fromPublisher(BodyPublishers.ofByteArray(body)))
                      .build(),
                  BodyHandlers.ofByteArray());

      HttpResponse<byte[]> expecting =
          gateway
              .client()
              .send(
                  gateway
                      .request("/v2/models/a/infer")
                      .expectContinue(true)
                      .POST(BodyPublishers.ofByteArray(body))
                      .build(),
                  BodyHandlers.ofByteArray());

      assertThat(Arrays.equals(expecting.body(), body)).isTrue();
      assertThat(Arrays.equals(declared.body(), body)).isTrue();
      assertThat(Arrays.equals(chunked.body(), body)).isTrue();
      assertThat(echo.received().get(0).headers())
          .containsEntry("Content-Length", Integer.toString(body.length));
      assertThat(echo.received().get(1).headers()).containsEntry("Transfer-Encoding", "chunked");
    }
  }

  @Test
  void body_isRefused_whenItIsTooLarge() throws Exception {
    try (FakeReplica one = FakeReplica.answering("one", "{}")) {
      gateway.register(one, "a:1");
      byte[] body = new byte[65 * 1024 * 1024];

      HttpResponse<String> chunked =
          gateway.send(
              gateway
                  .request("/v2/models/a/infer")
                  .POST(BodyPublishers.fromPublisher(BodyPublishers.ofByteArray(body))));

      assertThat(chunked.statusCode()).isEqualTo(413);
      assertThat(chunked.body()).startsWith("{\"error\":\"body: ").contains("67108864");
      assertThat(one.received()).isEmpty();
    }
  }

  @Test
  void embeddings_goByModelInBody() throws Exception {
    try (FakeReplica one = FakeReplica.answering("one", "{\"from\":1}");
        FakeReplica two = FakeReplica.answering("two", "{\"from\":2}")) {
      gateway.register(one, "small:1");
      gateway.register(two, "all-minilm-l6-v2:1");
      String deep = "{\"input\":[{\"model\":\"small\"},\"x\"],\"model\":\"all-minilm-l6-v2\"}";

      assertThat(gateway.post("/v1/embeddings", "{\"model\":\"small\",\"input\":\"x\"}").body())
          .isEqualTo("{\"from\":1}");
      assertThat(gateway.post("/v1/embeddings", deep).body()).isEqualTo("{\"from\":2}");
      assertThat(gateway.post("/v1/embeddings", "{\"input\":\"x\"}").body())
          .isEqualTo("{\"from\":2}");
      assertThat(two.received().getFirst().body()).asString().isEqualTo(deep);
    }
  }

  @Test
  void embeddings_findModelBehindLargeInput_whenBodyIsCompressed() throws Exception {
    String body = "{\"input\":\"" + "word ".repeat(600_000) + "\",\"model\":\"small\"}";
    ByteArrayOutputStream compressed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(compressed)) {
      gzip.write(body.getBytes(StandardCharsets.UTF_8));
    }
    try (FakeReplica one = FakeReplica.answering("one", "{\"from\":1}")) {
      gateway.register(one, "small:1");

      assertThat(gateway.post("/v1/embeddings", body).statusCode()).isEqualTo(200);
      assertThat(
              gateway
                  .send(
                      gateway
                          .request("/v1/embeddings")
                          .header("Content-Encoding", "gzip")
                          .POST(BodyPublishers.ofByteArray(compressed.toByteArray())))
                  .statusCode())
          .isEqualTo(200);
      assertThat(one.received().get(1).body()).isEqualTo(compressed.toByteArray());
    }
  }

  @Test
  void embeddings_areRefusedInOpenAiShape_whenTheyNameNoKnownModelOrAreMalformed()
      throws Exception {
    try (FakeReplica one = FakeReplica.answering("one", "{}")) {
      gateway.register(one, "small:1");

      HttpResponse<String> unknown = gateway.post("/v1/embeddings", "{\"model\":\"no\\\"pe\"}");
      HttpResponse<String> malformed = gateway.post("/v1/embeddings", "{\"model\":");
      HttpResponse<String> number = gateway.post("/v1/embeddings", "{\"model\":7}");

      assertThat(unknown.statusCode()).isEqualTo(404);
      assertThat(unknown.body())
          .isEqualTo(
              "{\"error\":{\"message\":\"Request for unknown model: 'no\\\"pe' is not found\","
                  + "\"type\":\"invalid_request_error\",\"param\":\"model\","
                  + "\"code\":\"model_not_found\"}}");
      assertThat(malformed.statusCode()).isEqualTo(400);
      assertThat(malformed.body()).contains("malformed JSON at line 1");
      assertThat(number.statusCode()).isEqualTo(400);
      assertThat(one.received()).isEmpty();
    }
  }

  @Test
  void model_is404_whenUnknownEverywhere_and503_whenReadyNowhere() throws Exception {
    try (FakeReplica one = FakeReplica.answering("one", "{}")) {
      gateway
          .registry()
          .register(
              "one",
              one.port(),
              Map.of("models-ready", "a:1", "models-known", "a,loading%20model"));
      gateway.look();

      HttpResponse<String> unknown = gateway.post("/v2/models/nope/infer", "{}");
      HttpResponse<String> loading = gateway.post("/v2/models/loading%20model/infer", "{}");

      assertThat(unknown.statusCode()).isEqualTo(404);
      assertThat(unknown.body())
          .isEqualTo("{\"error\":\"Request for unknown model: 'nope' is not found\"}");
      assertThat(unknown.headers().firstValue("Content-Type")).contains("application/json");
      assertThat(loading.statusCode()).isEqualTo(503);
      assertThat(loading.headers().firstValue("Retry-After")).contains("1");
      assertThat(one.received()).noneMatch(received -> received.uri().endsWith("/infer"));
    }
  }

  /** Whoever is told to come again does so, for nothing where the model can never serve. */
  @Test
  void model_thatIsReadyNowhere_isRefusedWithItsReason() throws Exception {
    String index =
        """
        [{"name": "broken", "version": "1", "state": "UNAVAILABLE", "reason": "no such operator"},
         {"name": "coming", "version": "1", "state": "LOADING", "reason": "warming up"},
         {"name": "mixed", "version": "1", "state": "UNAVAILABLE", "reason": "no memory"},
         {"name": "mixed", "version": "2", "state": "LOADING", "reason": "opening"}]
        """;
    try (FakeReplica one = FakeReplica.answering("one", index)) {
      gateway
          .registry()
          .register(
              "one", one.port(), Map.of("models-ready", "", "models-known", "broken,coming,mixed"));
      gateway.look();

      for (int i = 0; i < 3; i++) {
        HttpResponse<String> broken = gateway.post("/v2/models/broken/infer", "{}");
        assertThat(broken.statusCode()).isEqualTo(503);
        assertThat(broken.headers().firstValue("Retry-After")).isEmpty();
        assertThat(broken.body())
            .isEqualTo(
                "{\"error\":\"model 'broken' is not ready on any replica: no such operator\"}");
      }
      assertThat(one.received()).hasSize(1);

      assertLater(gateway.post("/v2/models/coming/infer", "{}"), "warming up");
      assertLater(gateway.get("/v2/models/coming/ready"), "warming up");
      assertLater(gateway.post("/v1/embeddings", "{\"model\":\"coming\"}"), "warming up");
      assertLater(gateway.post("/v2/models/mixed/infer", "{}"), "opening");
      assertLater(gateway.post("/v2/models/mixed/versions/2/infer", "{}"), "opening");
      HttpResponse<String> version = gateway.post("/v2/models/mixed/versions/1/infer", "{}");
      assertThat(version.body()).contains("no memory");
      assertThat(version.headers().firstValue("Retry-After")).isEmpty();
    }
  }

  private static void assertLater(HttpResponse<String> answer, String reason) {
    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.body()).contains(reason);
    assertThat(answer.headers().firstValue("Retry-After")).contains("1");
  }

  @Test
  void path_is404Or405InTheProtocolsShape_whenItIsNotOfTheApi() throws Exception {
    assertThat(gateway.get("/").statusCode()).isEqualTo(404);
    assertThat(gateway.get("/favicon.ico").body())
        .isEqualTo("{\"error\":\"unknown path: /favicon.ico\"}");
    assertThat(gateway.get("/v2/nope").body()).isEqualTo("{\"error\":\"unknown path: /v2/nope\"}");
    assertThat(gateway.post("/v2/models/a/generate", "").statusCode()).isEqualTo(404);
    assertThat(gateway.get("/v1/nope").body())
        .startsWith("{\"error\":{\"message\":\"unknown path: /v1/nope\"");

    HttpResponse<String> wrong = gateway.get("/v2/models/a/infer");
    assertThat(wrong.statusCode()).isEqualTo(405);
    assertThat(wrong.headers().firstValue("Allow")).contains("POST");
    assertThat(wrong.body()).startsWith("{\"error\":\"GET is not allowed");
    assertThat(gateway.get("/v1/embeddings").statusCode()).isEqualTo(400);
    assertThat(gateway.post("/v2/health/live", "").statusCode()).isEqualTo(405);
  }

  @Test
  void requestIdAndTrace_goThrough_whenTheClientSentThem() throws Exception {
    String trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    try (FakeReplica one = FakeReplica.answering("one", "{}")) {
      gateway.register(one, "a:1");

      HttpResponse<String> given =
          gateway.send(
              gateway
                  .request("/v2/models/a/infer")
                  .header("X-Request-Id", "mine-1")
                  .header("traceparent", trace)
                  .header("Inference-Deadline-Ms", "5000")
                  .POST(BodyPublishers.ofString("{}")));
      HttpResponse<String> made = gateway.post("/v2/models/a/infer", "{}");

      assertThat(given.headers().allValues("X-Request-Id")).containsExactly("mine-1");
      var first = one.received().get(0).headers();
      assertThat(first).containsEntry("X-Request-Id", "mine-1").containsEntry("traceparent", trace);
      assertThat(Long.parseLong(first.get("Inference-Deadline-Ms"))).isBetween(1L, 5000L);
      var second = one.received().get(1).headers();
      assertThat(made.headers().allValues("X-Request-Id"))
          .containsExactly(second.get("X-Request-Id"));
      assertThat(second.get("X-Request-Id")).hasSize(32);
      assertThat(second.get("traceparent")).matches("00-[0-9a-f]{32}-[0-9a-f]{16}-00");
      assertThat(Long.parseLong(second.get("Inference-Deadline-Ms"))).isBetween(1L, 60_000L);
    }
  }

  @Test
  void statusAndBody_ofReplica_passThrough_whenItRefuses() throws Exception {
    try (FakeReplica one =
        new FakeReplica(
            "one",
            (request, body, response) ->
                response
                    .status(429)
                    .header("Retry-After", "7")
                    .header("Connection", "x-private")
                    .header("x-private", "1")
                    .sendString(Mono.just("{\"error\":\"queue full\"}"))
                    .then())) {
      gateway.register(one, "a:1");

      HttpResponse<String> answer = gateway.post("/v2/models/a/infer", "{}");

      assertThat(answer.statusCode()).isEqualTo(429);
      assertThat(answer.body()).isEqualTo("{\"error\":\"queue full\"}");
      assertThat(answer.headers().firstValue("Retry-After")).contains("7");
      assertThat(answer.headers().firstValue("x-private")).isEmpty();
      assertThat(one.received()).hasSize(1);
    }
  }

  @Test
  void management_isServedByTheGatewayItself() throws Exception {
    try (FakeReplica one = FakeReplica.answering("one", "{}")) {
      gateway.register(one, "a:1");
      gateway.post("/v2/models/a/infer", "{}");

      assertThat(gateway.get("/actuator/health").body()).contains("UP");
      eventually(
          () ->
              assertThat(gateway.get("/actuator/prometheus").body())
                  .contains(
                      "fleet_gateway_requests_seconds_bucket",
                      "fleet_gateway_upstream_seconds_bucket",
                      "fleet_gateway_replica_in_flight{application=\"gateway-service\",replica=\"one\"}",
                      "model=\"a\",outcome=\"success\"",
                      "fleet_gateway_replicas{application=\"gateway-service\",state=\"registered\"} 1.0"));
      assertThat(gateway.get("/actuator/env").statusCode()).isEqualTo(404);
      assertThat(one.received()).hasSize(1);
    }
  }
}
