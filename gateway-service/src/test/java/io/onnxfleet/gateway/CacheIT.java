package io.onnxfleet.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

class CacheIT {

  private static RunningGateway gateway;

  private final AtomicInteger calls = new AtomicInteger();
  private final AtomicInteger status = new AtomicInteger(200);
  private volatile Mono<Void> pause = Mono.empty();
  private volatile String content = "";
  private FakeReplica replica;

  @BeforeAll
  static void start() {
    gateway =
        new RunningGateway(
            "fleet.gateway.cache.models[0]=kept-*", "fleet.gateway.cache.max-entry=1KB");
  }

  @AfterAll
  static void stop() {
    gateway.close();
  }

  @BeforeEach
  void register() {
    replica =
        new FakeReplica(
            "one",
            (request, body, response) ->
                pause.then(
                    Mono.defer(
                        () ->
                            response
                                .status(status.get())
                                .header("Content-Type", "application/json")
                                .header("Inference-Content", content)
                                .sendString(
                                    Mono.just(
                                        "{\"call\":"
                                            + calls.incrementAndGet()
                                            + ",\"length\":"
                                            + body.length
                                            + "}"))
                                .then())));
    gateway.register(replica, "kept-a:1", "plain:1");
  }

  @AfterEach
  void close() {
    gateway.registry().clear();
    gateway.look();
    replica.close();
  }

  private HttpResponse<String> infer(String body, String... headers) throws Exception {
    HttpRequest.Builder request =
        gateway.request("/v2/models/kept-a/infer").POST(BodyPublishers.ofString(body));
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    return gateway.send(request);
  }

  @Test
  void answer_isGivenAgain_whenTheRequestIsEqual() throws Exception {
    HttpResponse<String> first = infer("{\"inputs\": [1]}");
    HttpResponse<String> again = infer("{\"inputs\":[1]}");

    assertThat(again.body()).isEqualTo(first.body()).contains("\"call\":1");
    assertThat(again.headers().firstValue("Age")).contains("0");
    assertThat(again.headers().firstValue("Cache-Status")).contains("onnx-fleet; hit");
    assertThat(again.headers().firstValue("Content-Type")).contains("application/json");
    assertThat(again.headers().firstValue("ETag")).isEqualTo(first.headers().firstValue("ETag"));
    assertThat(infer("{\"inputs\":[2]}").body()).contains("\"call\":2");
    assertThat(infer("{\"inputs\":[1]}", "Cache-Control", "no-store").body())
        .contains("\"call\":3");
    assertThat(infer("{\"inputs\":[1]}", "Cache-Control", "no-cache").body())
        .contains("\"call\":4");
    assertThat(infer("{\"inputs\":[1]}").body()).contains("\"call\":4");
    assertThat(gateway.get("/actuator/prometheus").body())
        .contains("fleet_gateway_cache_requests_total", "fleet_gateway_cache_size_bytes");
  }

  @Test
  void answer_isNotKept_whenItFailedOrIsTooLargeOrTheModelIsNotNamed() throws Exception {
    status.set(500);
    assertThat(infer("{\"x\":1}").statusCode()).isEqualTo(500);
    status.set(200);
    assertThat(infer("{\"x\":1}").body()).contains("\"call\":2");

    assertThat(gateway.post("/v2/models/plain/infer", "{}").body()).contains("\"call\":3");
    assertThat(gateway.post("/v2/models/plain/infer", "{}").body()).contains("\"call\":4");
  }

  @Test
  void answer_isAskedForAgain_whenTheModelsVersionsChanged() throws Exception {
    String first = infer("{\"v\":1}").body();
    gateway.register(replica, "kept-a:1", "kept-a:2");
    String second = infer("{\"v\":1}").body();
    gateway.register(replica, "kept-a:1");

    assertThat(second).isNotEqualTo(first);
    assertThat(infer("{\"v\":1}").body()).isNotEqualTo(first);
  }

  /** The version is the same; its files are others, then the first ones again. */
  @Test
  void answer_isAskedForAgain_whenTheVersionWasReplacedInPlace() throws Exception {
    serve("aaaaaaaaaaaa");
    HttpResponse<String> first = infer("{\"r\":1}");
    assertThat(infer("{\"r\":1}").body()).isEqualTo(first.body());
    serve("bbbbbbbbbbbb");
    HttpResponse<String> second = infer("{\"r\":1}");
    assertThat(second.body()).isNotEqualTo(first.body());
    assertThat(infer("{\"r\":1}").body()).isEqualTo(second.body());
    assertThat(second.headers().firstValue("ETag"))
        .isPresent()
        .isNotEqualTo(first.headers().firstValue("ETag"));
    serve("aaaaaaaaaaaa");
    HttpResponse<String> back = infer("{\"r\":1}");
    assertThat(back.headers().firstValue("ETag")).isEqualTo(first.headers().firstValue("ETag"));
    assertThat(back.headers().firstValue("Inference-Content")).contains("aaaaaaaaaaaa");
  }

  @Test
  void embeddings_areNotNotModified_whenTheVersionWasReplacedInPlace() throws Exception {
    String path = "/v1/embeddings?model=kept-a&input=hello";
    serve("aaaaaaaaaaaa");
    HttpResponse<String> first = gateway.get(path);
    String tag = first.headers().firstValue("ETag").orElseThrow();
    HttpRequest.Builder again = gateway.request(path).header("If-None-Match", tag);
    assertThat(gateway.send(again).statusCode()).isEqualTo(304);
    serve("bbbbbbbbbbbb");
    HttpResponse<String> second = gateway.send(again);
    assertThat(second.statusCode()).isEqualTo(200);
    assertThat(second.body()).isNotEqualTo(first.body());
  }

  @Test
  void answer_isNotKept_whenTheReplicaSaysThatAnotherContentGaveIt() throws Exception {
    serve("aaaaaaaaaaaa");
    content = "bbbbbbbbbbbb";
    HttpResponse<String> first = infer("{\"s\":1}");
    assertThat(first.headers().firstValue("ETag")).isEmpty();
    assertThat(first.headers().firstValue("Cache-Control")).isEmpty();
    assertThat(infer("{\"s\":1}").body()).isNotEqualTo(first.body());
    content = "";
    assertThat(infer("{\"s\":1}").headers().firstValue("ETag")).isEmpty();
  }

  @Test
  void answer_isNotKept_whileReplicasDiffer() throws Exception {
    serve("aaaaaaaaaaaa");
    String kept = infer("{\"t\":1}").body();
    try (FakeReplica other = FakeReplica.answering("two", "{\"other\":true}")) {
      gateway.registry().register(other.id(), other.port(), metadata("bbbbbbbbbbbb"));
      gateway.look();
      for (int times = 0; times < 8; times++) {
        HttpResponse<String> answer = infer("{\"t\":1}");
        assertThat(answer.body()).isNotEqualTo(kept);
        assertThat(answer.headers().firstValue("ETag")).isEmpty();
      }
      // It is READY there, and what it is comes later.
      gateway.registry().register(other.id(), other.port(), metadata(""));
      gateway.look();
      assertThat(infer("{\"t\":1}").headers().firstValue("ETag")).isEmpty();
    }
  }

  private void serve(String digest) {
    content = digest;
    gateway.registry().register(replica.id(), replica.port(), metadata(digest));
    gateway.look();
  }

  private static Map<String, String> metadata(String digest) {
    return Map.of(
        "models-ready",
        "kept-a:1",
        "models-contents",
        digest.isEmpty() ? "" : "kept-a/1@" + digest,
        "models-known",
        "");
  }

  @Test
  void equalRequestsAtOnce_askOneReplicaOnce() throws Exception {
    Sinks.Empty<Void> release = Sinks.empty();
    pause = release.asMono();
    List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      answers.add(inferLater("{\"at\":\"once\"}"));
    }
    awaitReceived(1);
    release.tryEmitEmpty();

    for (CompletableFuture<HttpResponse<String>> answer : answers) {
      assertThat(answer.get(20, TimeUnit.SECONDS).body()).contains("\"call\":1");
    }
    assertThat(replica.received()).hasSize(1);
  }

  @Test
  void flight_isHandedOver_whenItsClientLeaves() throws Exception {
    Sinks.Empty<Void> release = Sinks.empty();
    pause = release.asMono();
    CompletableFuture<HttpResponse<String>> leader = inferLater("{\"flight\":true}");
    awaitReceived(1);
    CompletableFuture<HttpResponse<String>> follower = inferLater("{\"flight\":true}");
    pause = Mono.empty();
    // Answers itself even if it comes only after the leader has left.
    leader.cancel(true);

    assertThat(follower.get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    assertThat(infer("{\"flight\":true}").body()).isEqualTo(follower.get().body());
  }

  private CompletableFuture<HttpResponse<String>> inferLater(String body) {
    return gateway.postLater("/v2/models/kept-a/infer", body);
  }

  private void awaitReceived(int count) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> replica.received().size() == count);
  }

  @Test
  void answer_isGivenToAQuery_andToNoOtherCallOfTheSameBody() throws Exception {
    String body = "{\"model\":\"kept-a\",\"input\":[\"x\"]}";
    HttpResponse<String> posted = gateway.post("/v1/embeddings", body);
    HttpResponse<String> queried = gateway.get("/v1/embeddings?model=kept-a&input=x");
    HttpResponse<String> inferred = infer(body);

    assertThat(posted.statusCode()).isEqualTo(200);
    assertThat(queried.body()).isEqualTo(posted.body());
    assertThat(inferred.body()).isNotEqualTo(posted.body());
    assertThat(calls).hasValue(2);
  }

  @Test
  void embeddings_canBeGot_andAreNotSentAgainToWhoHasThem() throws Exception {
    String path = "/v1/embeddings?model=kept-a&input=a%20%22b%22&input=c&dimensions=4";
    HttpResponse<String> first = gateway.get(path);

    assertThat(first.statusCode()).isEqualTo(200);
    assertThat(replica.received().getFirst().method()).isEqualTo("POST");
    assertThat(replica.received().getFirst().uri()).isEqualTo("/v1/embeddings");
    assertThat(new String(replica.received().getFirst().body(), UTF_8))
        .isEqualTo("{\"model\":\"kept-a\",\"input\":[\"a \\\"b\\\"\",\"c\"],\"dimensions\":4}");
    assertThat(first.headers().firstValue("Cache-Control")).contains("public, max-age=60");
    String tag = first.headers().firstValue("ETag").orElseThrow();

    HttpResponse<String> again = gateway.send(gateway.request(path).header("If-None-Match", tag));
    assertThat(again.statusCode()).isEqualTo(304);
    assertThat(again.body()).isEmpty();
    assertThat(again.headers().firstValue("ETag")).contains(tag);
    assertThat(replica.received()).hasSize(1);

    HttpResponse<String> plain = gateway.get("/v1/embeddings?model=plain&input=x");
    assertThat(plain.headers().firstValue("Cache-Control")).contains("no-store");
    HttpResponse<String> unknown = gateway.get("/v1/embeddings?model=nobody&input=x");
    assertThat(unknown.statusCode()).isEqualTo(404);
    assertThat(unknown.headers().firstValue("Cache-Control")).contains("no-store");
    assertThat(gateway.get("/v1/embeddings?model=kept-a").statusCode()).isEqualTo(400);
    assertThat(gateway.get("/v1/embeddings?input=x&user=me").statusCode()).isEqualTo(400);
  }
}
