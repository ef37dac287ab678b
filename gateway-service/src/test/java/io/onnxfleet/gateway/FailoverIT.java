package io.onnxfleet.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.gateway.admission.ByteBudget;
import io.onnxfleet.gateway.admission.ConcurrencyLimiter;
import io.onnxfleet.gateway.balancing.EjectedReplicas;
import io.onnxfleet.gateway.load.InFlightRequests;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

class FailoverIT {

  private static final String INFER = "/v2/models/a/infer";

  private static RunningGateway gateway;

  @BeforeAll
  static void start() throws Exception {
    gateway =
        new RunningGateway(
            "fleet.gateway.registry.vanished-grace=0s",
            "fleet.gateway.registry.refresh-interval=1h",
            // A replica that registers in a test would have a twentieth of the requests.
            "fleet.gateway.balancing.slow-start=0s",
            "fleet.gateway.balancing.leave-out-first=1h",
            "fleet.gateway.balancing.leave-out-most=1h");
    gateway.vouchFor("a:1", 100, 16 * 1024);
  }

  @AfterAll
  static void stop() {
    gateway.close();
  }

  @AfterEach
  void nothingIsLeftBehind() {
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(
            () -> {
              assertThat(inFlight("one") + inFlight("two") + inFlight("bad")).isZero();
              assertThat(gateway.bean(ByteBudget.class).reserved()).isZero();
              assertThat(gateway.bean(ConcurrencyLimiter.class).admitted()).isZero();
            });
    gateway.registry().clear();
    gateway.look();
  }

  @Test
  void request_isAnsweredByAnotherReplica_whenOneRefusesConnections() throws Exception {
    try (FakeReplica one = FakeReplica.answering("one", "{\"from\":1}")) {
      gateway.register("bad", BrokenReplica.refusingPort(), "a:1");
      gateway.register(one, "a:1");

      for (int i = 0; i < 20; i++) {
        assertThat(gateway.post(INFER, "{}").body()).isEqualTo("{\"from\":1}");
      }

      assertThat(gateway.bean(EjectedReplicas.class).isEjected("bad")).isTrue();
      assertThat(one.received()).hasSize(20);
      assertThat(one.received().getLast().body()).asString().isEqualTo("{}");
      assertThat(gateway.get("/actuator/prometheus").body())
          .contains("fleet_gateway_retries_total", "reason=\"refused\"", "state=\"left_out\"");
    }
  }

  @Test
  void largeBody_isAnsweredByAnotherReplica_whenOneRefusesConnections() throws Exception {
    byte[] body = new byte[3 * 1024 * 1024];
    try (FakeReplica one = FakeReplica.answering("one", "{}")) {
      gateway.register("bad", BrokenReplica.refusingPort(), "a:1");
      gateway.register(one, "a:1");

      for (int i = 0; i < 8; i++) {
        var content = BodyPublishers.ofByteArray(body);
        HttpResponse<String> answer =
            gateway.send(
                gateway
                    .request(INFER)
                    .POST(i % 2 == 0 ? content : BodyPublishers.fromPublisher(content)));

        assertThat(answer.statusCode()).isEqualTo(200);
      }
      assertThat(one.received())
          .hasSize(8)
          .allMatch(received -> received.body().length == body.length);
    }
  }

  @Test
  void request_isAnsweredByAnotherReplica_whenOneResetsInTheMiddle() throws Exception {
    try (BrokenReplica bad = BrokenReplica.resetting();
        FakeReplica one = FakeReplica.answering("one", "{\"from\":1}")) {
      gateway.register("bad", bad.port(), "a:1");
      gateway.register(one, "a:1");

      for (int i = 0; i < 20; i++) {
        assertThat(gateway.post(INFER, "{\"id\":\"" + i + "\"}").body()).isEqualTo("{\"from\":1}");
      }

      // Probes come as often as they come.
      assertThat(bad.inferences()).isLessThanOrEqualTo(1);
      assertThat(one.received()).hasSize(20);
    }
  }

  @Test
  void request_isAnsweredByAnotherReplica_whenOneDiesBetweenHeadersAndBody() throws Exception {
    try (BrokenReplica bad =
            new BrokenReplica(
                read -> read.contains("\r\n\r\n"),
                "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nX-Bad: 1\r\n\r\n");
        FakeReplica one = FakeReplica.answering("one", "{\"from\":1}")) {
      gateway.register("bad", bad.port(), "a:1");
      gateway.register(one, "a:1");

      for (int i = 0; i < 20; i++) {
        HttpResponse<String> answer = gateway.post(INFER, "{}");
        assertThat(answer.body()).isEqualTo("{\"from\":1}");
        assertThat(answer.headers().firstValue("X-Bad")).isEmpty();
        assertThat(answer.headers().firstValue("X-Request-Id")).isPresent();
      }
    }
  }

  @Test
  void answer_isCutOff_whenReplicaDiesAfterItBegan() throws Exception {
    try (BrokenReplica bad =
            new BrokenReplica(
                read -> read.contains("\r\n\r\n"),
                "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf an answer");
        FakeReplica one = FakeReplica.answering("one", "{}")) {
      gateway.register("bad", bad.port(), "a:1");
      gateway.register("one", one.port(), "other:1");

      assertThatThrownBy(() -> gateway.post(INFER, "{}")).isInstanceOf(IOException.class);
      assertThat(bad.connections()).isEqualTo(1);
      assertThat(one.received()).isEmpty();
    }
  }

  @Test
  void request_isAnsweredByAnotherReplica_whenOneIsDraining() throws Exception {
    try (FakeReplica draining = draining("bad");
        FakeReplica one = FakeReplica.answering("one", "{\"from\":1}")) {
      gateway.register(draining, "a:1");
      gateway.register(one, "a:1");

      for (int i = 0; i < 20; i++) {
        assertThat(gateway.post(INFER, "{}").body()).isEqualTo("{\"from\":1}");
      }
      assertThat(one.received()).hasSize(20);
    }
  }

  @Test
  void request_isRefusedWithRetryAfter_whenEveryReplicaFailed() throws Exception {
    try (FakeReplica draining = draining("two")) {
      gateway.register("bad", BrokenReplica.refusingPort(), "a:1");
      gateway.register(draining, "a:1");

      HttpResponse<String> answer = gateway.post(INFER, "{}");

      assertThat(answer.statusCode()).isEqualTo(503);
      assertThat(answer.headers().firstValue("Retry-After")).contains("1");
      assertThat(answer.body())
          .isEqualTo("{\"error\":\"model 'a': no replica answered in 2 tries\"}");
      assertThat(draining.received()).hasSize(1);
    }
  }

  @Test
  void leftOutReplica_isAskedAgain_whenThereIsNoOther() throws Exception {
    try (FakeReplica one = FakeReplica.answering("one", "{}")) {
      gateway.bean(EjectedReplicas.class).eject("one");
      gateway.register(one, "a:1");

      assertThat(gateway.post(INFER, "{}").statusCode()).isEqualTo(200);
      // The client may have its answer a moment before the gateway has seen its end.
      Awaitility.await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> !gateway.bean(EjectedReplicas.class).isEjected("one"));
    }
  }

  @Test
  void deadline_ends504_andClosesConnectionToReplica() throws Exception {
    try (BrokenReplica silent = BrokenReplica.silent()) {
      gateway.register("bad", silent.port(), "a:1");

      HttpResponse<String> answer =
          gateway.send(
              gateway
                  .request(INFER)
                  .header("Inference-Deadline-Ms", "300")
                  .POST(BodyPublishers.ofString("{}")));

      assertThat(answer.statusCode()).isEqualTo(504);
      assertThat(answer.body()).startsWith("{\"error\":\"the deadline passed");
      assertThat(silent.closedByGateway().await(20, TimeUnit.SECONDS)).isTrue();
      assertThat(silent.connections()).isEqualTo(1);
    }
  }

  @Test
  void error_hasNothingOfTheReplicasAnswer_whenThatBeganAndCameToAHalt() throws Exception {
    try (FakeReplica halting =
        new FakeReplica(
            "bad",
            (request, body, response) ->
                response
                    .header("Inference-Header-Content-Length", "10")
                    .header("Content-Encoding", "gzip")
                    .sendHeaders()
                    .then(Mono.never()))) {
      gateway.register(halting, "a:1");

      HttpResponse<String> answer =
          gateway.send(
              gateway
                  .request(INFER)
                  .header("Inference-Deadline-Ms", "500")
                  .POST(BodyPublishers.ofString("{}")));

      assertThat(answer.statusCode()).isEqualTo(504);
      assertThat(answer.headers().map())
          .doesNotContainKeys("inference-header-content-length", "content-encoding")
          .containsKey("x-request-id");
    }
  }

  @Test
  void deadline_isRefused_whenItIsNoNumber_andPassed_whenItIsZero() throws Exception {
    try (FakeReplica one = FakeReplica.answering("one", "{}")) {
      gateway.register(one, "a:1");

      HttpResponse<String> malformed =
          gateway.send(gateway.request("/v2/models/a").header("Inference-Deadline-Ms", "soon"));
      HttpResponse<String> passed =
          gateway.send(gateway.request("/v2/models/a").header("Inference-Deadline-Ms", "0"));

      assertThat(malformed.statusCode()).isEqualTo(400);
      assertThat(malformed.body()).contains("'soon' (expected: whole milliseconds)");
      assertThat(passed.statusCode()).isEqualTo(504);
      assertThat(one.received()).isEmpty();
    }
  }

  @Test
  void replicasCall_isCancelled_whenTheClientGoesAway() throws Exception {
    try (BrokenReplica silent = BrokenReplica.silent()) {
      gateway.register("bad", silent.port(), "a:1");
      try (Socket client = new Socket(InetAddress.getLoopbackAddress(), gateway.port())) {
        client
            .getOutputStream()
            .write(
                ("POST " + INFER + " HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
                    .getBytes(StandardCharsets.US_ASCII));
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> silent.connections() == 1);
        assertThat(inFlight("bad")).isEqualTo(1);
      }

      assertThat(silent.closedByGateway().await(20, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void lastKnownReplicas_serve_whenTheRegistryFails() throws Exception {
    try (FakeReplica one = FakeReplica.answering("one", "{}")) {
      gateway.register(one, "a:1");
      gateway.registry().fail(true);
      gateway.look();

      assertThat(gateway.post(INFER, "{}").statusCode()).isEqualTo(200);
    } finally {
      gateway.registry().fail(false);
    }
  }

  @Test
  void noRequestFails_whenOneReplicaIsKilledAndOneDrainsUnderLoad() throws Exception {
    AtomicBoolean draining = new AtomicBoolean();
    try (FakeReplica killed = echo("bad", new AtomicBoolean());
        FakeReplica leaving = echo("two", draining);
        FakeReplica staying = echo("one", new AtomicBoolean())) {
      gateway.register(killed, "a:1");
      gateway.register(leaving, "a:1");
      gateway.register(staying, "a:1");
      AtomicInteger next = new AtomicInteger();
      List<String> wrong = new CopyOnWriteArrayList<>();
      try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
        for (int client = 0; client < 32; client++) {
          clients.execute(
              () -> {
                for (int i = next.getAndIncrement(); i < 3000; i = next.getAndIncrement()) {
                  if (i == 500) {
                    killed.kill();
                  }
                  if (i == 1500) {
                    draining.set(true);
                  }
                  String failure = wrongAnswer("request " + i);
                  if (failure != null) {
                    wrong.add(failure);
                  }
                }
              });
        }
      }

      assertThat(wrong).isEmpty();
      assertThat(killed.received()).isNotEmpty();
      assertThat(leaving.received()).isNotEmpty();
    }
  }

  private static @Nullable String wrongAnswer(String body) {
    try {
      HttpResponse<String> answer = gateway.post(INFER, body);
      return answer.statusCode() == 200 && answer.body().equals(body)
          ? null
          : body + ": " + answer.statusCode() + " " + answer.body();
    } catch (IOException | InterruptedException failure) {
      return body + ": " + failure;
    }
  }

  private static FakeReplica echo(String id, AtomicBoolean draining) {
    return new FakeReplica(
        id,
        (request, body, response) ->
            draining.get()
                ? response
                    .status(503)
                    .header("Inference-Replica-State", "draining")
                    .sendString(Mono.just("{}"))
                    .then()
                : response.sendByteArray(Mono.just(body)).then());
  }

  @Test
  void newReplica_getsTraffic_fromOldConnections() throws Exception {
    try (FakeReplica one = FakeReplica.answering("one", "{}");
        FakeReplica two = FakeReplica.answering("two", "{}")) {
      gateway.register(one, "a:1");
      gateway.post(INFER, "{}");
      gateway.register(two, "a:1");

      for (int i = 0; i < 60; i++) {
        gateway.post(INFER, "{}");
      }

      // Each of 60 draws misses a given replica with a chance of one half.
      assertThat(two.received()).isNotEmpty();
      assertThat(one.received().size() + two.received().size()).isEqualTo(61);
    }
  }

  @Test
  void refusal_isKeptFromTheClientOnce_whileAnotherReplicaHasRoom() throws Exception {
    try (FakeReplica full = refusing("bad", 429);
        FakeReplica one = FakeReplica.answering("one", "{\"from\":1}")) {
      gateway.register(full, "a:1");
      gateway.register(one, "a:1");

      for (int i = 0; i < 20; i++) {
        assertThat(gateway.post(INFER, "{}").body()).isEqualTo("{\"from\":1}");
      }
      assertThat(one.received()).hasSize(20);
    }
  }

  @Test
  void refusal_isPassedOnAsItIs_whenAllAreFull() throws Exception {
    try (FakeReplica full = refusing("one", 429);
        FakeReplica alsoFull = refusing("two", 429)) {
      gateway.register(full, "a:1");
      gateway.register(alsoFull, "a:1");

      for (int i = 0; i < 10; i++) {
        HttpResponse<String> answer = gateway.post(INFER, "{}");
        assertThat(answer.statusCode()).isEqualTo(429);
        assertThat(answer.headers().firstValue("Retry-After")).contains("7");
        assertThat(answer.body()).isEqualTo("{\"error\":\"full\"}");
      }
      // Each request asked once, and at most the first and those after a pause a second time.
      assertThat(full.received().size() + alsoFull.received().size()).isBetween(10, 19);
    }
  }

  @Test
  void caller_isAtFault_andNobodyElseIsAsked_whenTheStatusIs4xx() throws Exception {
    try (FakeReplica bad = refusing("one", 400);
        FakeReplica alsoBad = refusing("two", 400)) {
      gateway.register(bad, "a:1");
      gateway.register(alsoBad, "a:1");

      for (int i = 0; i < 10; i++) {
        assertThat(gateway.post(INFER, "{}").statusCode()).isEqualTo(400);
      }
      assertThat(bad.received().size() + alsoBad.received().size()).isEqualTo(10);
    }
  }

  @Test
  void request_isAnsweredByAnotherReplica_andTheFirstLetGo_whenThatSaysNothing() throws Exception {
    try (BrokenReplica silent = BrokenReplica.silent();
        FakeReplica one = FakeReplica.answering("one", "{\"from\":1}")) {
      gateway.register("bad", silent.port(), "a:1");
      gateway.register(one, "a:1");

      for (int i = 0; i < 20; i++) {
        HttpResponse<String> answer =
            gateway.send(
                gateway
                    .request(INFER)
                    .header("Inference-Deadline-Ms", "2000")
                    .POST(BodyPublishers.ofString("{}")));
        assertThat(answer.body()).isEqualTo("{\"from\":1}");
      }

      assertThat(silent.connections()).isPositive();
      assertThat(silent.closedByGateway().await(20, TimeUnit.SECONDS)).isTrue();
      assertThat(gateway.get("/actuator/prometheus").body())
          .containsAnyOf("reason=\"stuck\"", "reason=\"hedged\"");
    }
  }

  @Test
  void replica_isLeftOut_whenItAnswersWithErrorsInARow() throws Exception {
    try (FakeReplica bad = refusing("bad", 500);
        FakeReplica one = FakeReplica.answering("one", "{}")) {
      gateway.register(bad, "a:1");
      gateway.register(one, "a:1");

      for (int i = 0; i < 200 && !gateway.bean(EjectedReplicas.class).isEjected("bad"); i++) {
        gateway.post(INFER, "{}");
      }

      assertThat(gateway.bean(EjectedReplicas.class).isEjected("bad")).isTrue();
      int asked = bad.received().size();
      assertThat(asked).isEqualTo(5);
      assertThat(gateway.post(INFER, "{}").statusCode()).isEqualTo(200);
      assertThat(bad.received()).hasSize(asked);
    }
  }

  @Test
  void loadOfTheReplica_isForTheGatewayOnly() throws Exception {
    try (FakeReplica one =
        new FakeReplica(
            "one",
            (request, body, response) ->
                response
                    .header("endpoint-load-metrics", "TEXT named_metrics.in_flight=3")
                    .sendString(Mono.just("{}"))
                    .then())) {
      gateway.register(one, "a:1");

      HttpResponse<String> answer =
          gateway.send(
              gateway
                  .request(INFER)
                  .header("endpoint-load-metrics-format", "JSON")
                  .POST(BodyPublishers.ofString("{}")));

      assertThat(answer.headers().firstValue("endpoint-load-metrics")).isEmpty();
      assertThat(one.received().getLast().headers())
          .doesNotContainKey("endpoint-load-metrics-format");
    }
  }

  private static FakeReplica refusing(String id, int status) {
    return new FakeReplica(
        id,
        (request, body, response) ->
            response
                .status(status)
                .header("Retry-After", "7")
                .sendString(Mono.just("{\"error\":\"full\"}"))
                .then());
  }

  private static FakeReplica draining(String id) {
    return new FakeReplica(
        id,
        (request, body, response) ->
            response
                .status(503)
                .header("Retry-After", "1")
                .header("Inference-Replica-State", "draining")
                .sendString(Mono.just("{\"error\":\"draining\"}"))
                .then());
  }

  private static int inFlight(String replica) {
    return gateway.bean(InFlightRequests.class).count(replica);
  }
}
