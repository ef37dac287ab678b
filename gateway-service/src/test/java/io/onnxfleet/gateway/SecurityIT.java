package io.onnxfleet.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.contract.api.Need;
import io.onnxfleet.gateway.ApiTable.Call;
import io.onnxfleet.gateway.security.credential.KeyCommand;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** Keys over HTTP: who gets in, for what, how much of it, and what others see of that. */
@ExtendWith(OutputCaptureExtension.class)
class SecurityIT {

  private static final String INFER = "/v2/models/a/infer";
  private static final String EMPTY = "{}";

  /** All that there is: what the document describes, the framework's handlers, and odd paths. */
  private static final List<Call> CALLS = new ArrayList<>();

  @TempDir private static Path folder;

  private static Path keys;
  private static RunningGateway gateway;
  private static String infer;
  private static String admin;
  private static String jobs;
  private static String expired;
  private static String other;

  private FakeReplica replica;

  @BeforeAll
  static void start() throws Exception {
    keys = folder.resolve("keys.jsonl");
    infer = key("infer", "--models", "a,fam");
    admin = key("admin", "--scope", "admin", "--models", "a");
    jobs = key("jobs", "--scope", "jobs", "--models", "a");
    other = key("other", "--scope", "infer,admin", "--models", "b*");
    expired = key("expired", "--scope", "infer,admin", "--expires", "2020-01-01T00:00:00Z");
    gateway =
        new RunningGateway(
            "fleet.gateway.security.keys=" + keys,
            "fleet.gateway.administration.token=secret",
            "fleet.gateway.cache.models=a",
            "fleet.gateway.security.failures-per-minute=10000");
    ApiTable table = new ApiTable(send(call("GET", "/v3/api-docs", ""), infer).body(), "a");
    CALLS.addAll(table.described());
    CALLS.addAll(ApiTable.handled(gateway));
    CALLS.addAll(ApiTable.variants());
  }

  @AfterAll
  static void stop() {
    gateway.close();
  }

  @BeforeEach
  void register() {
    replica =
        FakeReplica.answering(
                "one",
                "{\"data\":[{\"id\":\"a\"},{\"id\":\"b\"}],"
                    + "\"model_stats\":[{\"name\":\"a\",\"version\":\"1\"},{\"name\":\"b\",\"version\":\"1\"}]}")
            .telling("models-ready", "a:1,b:1");
    gateway.register(replica, "a:1", "b:1");
  }

  @AfterEach
  void leave() {
    gateway.registry().clear();
    replica.close();
  }

  private static String key(String name, String... options) throws IOException {
    List<String> arguments = new ArrayList<>(List.of(name, "--file", keys.toString()));
    arguments.addAll(List.of(options));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int code =
        KeyCommand.run(
            arguments,
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
    assertThat(code).as(err.toString(StandardCharsets.UTF_8)).isZero();
    String key = out.toString(StandardCharsets.UTF_8).strip();
    assertThat(key).matches("fleet_[A-Za-z0-9_-]{43}");
    assertThat(Files.readString(keys)).doesNotContain(key);
    return key;
  }

  private static Call call(String method, String path, String body) {
    return new Call(method, path, body, Need.ANY_SCOPE, true);
  }

  private static HttpResponse<String> send(Call call, String... headers) throws Exception {
    HttpRequest.Builder request =
        gateway
            .request(call.path())
            .method(
                call.method(),
                call.body().isEmpty()
                    ? BodyPublishers.noBody()
                    : BodyPublishers.ofString(call.body()));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return gateway.send(request);
  }

  private static HttpResponse<String> send(Call call, String key) throws Exception {
    return send(call, "Authorization", "Bearer " + key);
  }

  private void assertRefused(Call call, HttpResponse<String> answer, int status) {
    assertThat(answer.statusCode()).as("%s", call).isEqualTo(status);
    assertThat(answer.body())
        .as("%s", call)
        .startsWith(
            ApiPaths.isOpenAi(call.path()) ? "{\"error\":{\"message\":\"" : "{\"error\":\"");
    assertThat(answer.headers().firstValue("X-Request-Id")).isPresent();
    assertThat(answer.headers().firstValue("WWW-Authenticate").isPresent())
        .isEqualTo(status == 401);
    assertThat(replica.received()).as("%s", call).isEmpty();
  }

  /** A handler that nobody describes would be tried by none of the tests here. */
  @Test
  void everyHandler_isInTheDocument_orKnownBesideIt() {
    List<Call> described = CALLS.stream().filter(call -> call.path().startsWith("/v")).toList();
    assertThat(described).hasSizeGreaterThan(20);
    for (Call call : ApiTable.handled(gateway)) {
      assertThat(ApiTable.isKnownBeside(call)).as("%s", call).isTrue();
    }
  }

  @Test
  void everyCall_is401_withoutCredentials_orWithWrongOrExpiredOnes() throws Exception {
    for (Call call : CALLS) {
      if (call.isOf(Need.NOTHING)) {
        assertThat(send(call).statusCode()).as("%s", call).isEqualTo(200);
        assertThat(send(call, "wrong").statusCode()).as("%s", call).isEqualTo(200);
        continue;
      }
      assertRefused(call, send(call), 401);
      assertRefused(call, send(call, "Authorization", "Basic YTpi"), 401);
      assertRefused(call, send(call, "X-Api-Key", "fleet_wrong"), 401);
      assertRefused(call, send(call, "wrong"), 401);
      assertRefused(call, send(call, "a.b.c"), 401);
      assertRefused(call, send(call, ""), 401);
      assertRefused(call, send(call, infer + "x"), 401);
      HttpResponse<String> late = send(call, expired);
      assertRefused(call, late, 401);
      assertThat(late.body()).contains("expired at 2020-01-01T00:00:00Z");
    }
  }

  @Test
  void everyCall_is403_withAKeyOfAnotherScopeOrModel() throws Exception {
    for (Call call : CALLS) {
      switch (call.needs()) {
        case ADMIN -> {
          assertRefused(call, send(call, infer), 403);
          assertRefused(call, send(call, jobs), 403);
        }
        case INFER -> {
          assertRefused(call, send(call, admin), 403);
          assertRefused(call, send(call, jobs), 403);
          assertRefused(call, send(call, "secret"), 403);
        }
        case JOBS -> assertRefused(call, send(call, infer), 403);
        case ANY_SCOPE, NOTHING, FLEET -> {}
      }
      if (call.isAboutModel()) {
        HttpResponse<String> foreign = send(call, other);
        assertRefused(call, foreign, 403);
        assertThat(foreign.body()).contains("model: 'a'");
      }
      if (call.path().endsWith("where")) {
        assertThat(send(call, infer).statusCode()).as("%s", call).isEqualTo(404);
      }
    }
  }

  @Test
  void everyCall_isServed_withTheRightKey() throws Exception {
    for (Call call : CALLS) {
      if (call.path().endsWith("where") || call.path().contains("rollouts/a")) {
        continue;
      }
      if (call.isOf(Need.JOBS)) {
        HttpResponse<String> noSecret = send(call, jobs);
        assertThat(noSecret.statusCode()).as("%s", call).isEqualTo(503);
        assertThat(noSecret.body()).contains("jobs need fleet.secret");
        continue;
      }
      HttpResponse<String> answer = send(call, call.isOf(Need.ADMIN) ? admin : infer);
      if (call.path().equals("/v2/repository/models/a/unload")) {
        assertThat(answer.statusCode()).isIn(200, 503); // The fake one may go on serving.
      } else if (call.path().equals("/docs") || call.path().equals("/actuator/health/x")) {
        assertThat(answer.statusCode()).as("%s", call).isIn(302, 404);
      } else {
        assertThat(answer.statusCode()).as("%s: %s", call, answer.body()).isEqualTo(200);
      }
    }
    assertThat(send(call("POST", INFER, EMPTY), "X-Api-Key", infer).statusCode()).isEqualTo(200);
    assertThat(send(call("POST", "/v2/repository/models/a/load", ""), "secret").statusCode())
        .isEqualTo(200);
    assertThat(
            send(
                    call("PUT", "/v2/fleet/rollouts/a", "{\"stable\":\"1\",\"candidate\":\"b\"}"),
                    admin)
                .statusCode())
        .isEqualTo(403);
  }

  /** The framework decodes paths before it looks for their handlers. */
  @Test
  void management_needsItsScope_howeverItsPathIsWritten() throws Exception {
    assertThat(send(call("GET", "/actuator/prometheus", ""), admin).body()).contains("jvm_");
    for (String path :
        List.of(
            "/%61ctuator/prometheus",
            "/%61%63tuator/%70rometheus",
            "/actuator;a=b/prometheus",
            "/actuator%2Fprometheus",
            "//actuator/prometheus",
            "/./actuator/prometheus",
            "/v2/health/../../actuator/prometheus")) {
      HttpResponse<String> answer = send(call("GET", path, ""), infer);
      assertThat(answer.statusCode()).as(path).isIn(403, 404);
      assertThat(answer.body()).as(path).doesNotContain("jvm_");
    }
  }

  @Test
  void namesOfModels_makeNoLinesOfTheirOwn(CapturedOutput output) throws Exception {
    for (String end : List.of("%0A", "%0D", "%C2%85", "%E2%80%A8")) {
      send(call("POST", "/v2/repository/models/x" + end + "forged/unload", ""), "secret");
    }
    assertThat(output).contains("x?forged");
    assertThat(output.toString()).doesNotContainPattern("x[\\n\\r\\u0085\\u2028]forged");
  }

  @Test
  void health_andPreflights_areOpen() throws Exception {
    assertThat(gateway.get("/v2/health/live").statusCode()).isEqualTo(200);
    assertThat(gateway.get("/v2/health/ready").statusCode()).isEqualTo(200);
    HttpResponse<String> preflight =
        gateway.send(
            gateway
                .request(INFER)
                .headers("Origin", "http://app.example", "Access-Control-Request-Method", "POST")
                .method("OPTIONS", BodyPublishers.noBody()));
    assertThat(preflight.statusCode()).isEqualTo(405);
    assertThat(
            gateway
                .send(gateway.request(INFER).method("OPTIONS", BodyPublishers.noBody()))
                .statusCode())
        .isEqualTo(401);
    assertThat(replica.received()).isEmpty();
  }

  @Test
  void lists_showOnlyWhatTheKeyMayUse() throws Exception {
    HttpResponse<String> models = send(call("GET", "/v1/models", ""), infer);
    assertThat(models.body()).contains("\"id\":\"a\"").doesNotContain("\"id\":\"b\"");
    HttpResponse<String> statistics = send(call("GET", "/v2/models/stats", ""), other);
    assertThat(statistics.body()).contains("\"name\":\"b\"").doesNotContain("\"name\":\"a\"");
    replica.close();
    gateway.registry().clear();
    try (FakeReplica indexed =
        FakeReplica.answering(
            "two",
            "[{\"name\":\"a\",\"version\":\"1\",\"state\":\"READY\"},"
                + "{\"name\":\"b\",\"version\":\"1\",\"state\":\"READY\"}]")) {
      gateway.register(indexed, "a:1", "b:1");
      HttpResponse<String> index = send(call("POST", "/v2/repository/index", ""), infer);
      assertThat(index.body()).contains("\"name\":\"a\"").doesNotContain("\"name\":\"b\"");
    }
  }

  @Test
  void keptAnswer_needsTheSameRight() throws Exception {
    Call call = call("POST", INFER, "{\"kept\":true}");
    HttpResponse<String> first = send(call, infer);
    assertThat(first.statusCode()).isEqualTo(200);
    HttpResponse<String> again = send(call, infer);
    assertThat(again.headers().firstValue("Cache-Status")).contains("onnx-fleet; hit");
    // What a proxy kept would need no right.
    for (HttpResponse<String> answer : List.of(first, again)) {
      assertThat(answer.headers().firstValue("Cache-Control")).contains("private, max-age=60");
    }
    int asked = replica.received().size();

    assertThat(send(call, other).statusCode()).isEqualTo(403);
    assertThat(send(call).statusCode()).isEqualTo(401);
    assertThat(replica.received()).hasSize(asked);
  }

  @Test
  void family_isAskedForByTheRightToItsName() throws Exception {
    gateway
        .registry()
        .register(
            "one",
            replica.port(),
            java.util.Map.of(
                "models-ready", "a:1,b:1", "models-known", "", "models-families", "b:fam:1:c:5"));
    gateway.look();
    HttpResponse<String> answer = send(call("POST", "/v2/models/fam/infer", EMPTY), infer);
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("Inference-Variant")).contains("b");
    assertThat(send(call("POST", "/v2/models/b/infer", EMPTY), infer).statusCode()).isEqualTo(403);
    assertThat(send(call("POST", "/v2/models/fam/infer", EMPTY), other).statusCode())
        .isEqualTo(403);
    assertThat(send(call("GET", "/v2/fleet/families", ""), infer).body()).contains("\"fam\"");
    assertThat(send(call("GET", "/v2/fleet/families", ""), other).body()).doesNotContain("\"fam\"");
  }

  @Test
  void quota_is429_atTheDoor_forEveryCall() throws Exception {
    String limited =
        key("limited", "--scope", "infer,admin", "--models", "a", "--requests-per-minute", "3");
    awaitKnown(limited);
    // The wait for the key took one or more of them.
    while (send(call("GET", "/v2", ""), limited).statusCode() == 200) {
      assertThat(replica.received()).isEmpty();
    }
    for (Call call : CALLS) {
      if (call.isOf(Need.NOTHING)) {
        assertThat(send(call, limited).statusCode()).as("%s", call).isEqualTo(200);
        continue;
      }
      HttpResponse<String> refused = send(call, limited);
      assertRefused(call, refused, 429);
      assertThat(refused.headers().firstValueAsLong("Retry-After").orElse(0)).isBetween(1L, 20L);
      assertThat(refused.body()).contains("requests_per_minute: used up (expected: <= 3");
    }
  }

  @Test
  void tokens_areChargedByWhatTheReplicaSays_andOnceOnly() throws Exception {
    String text = key("text", "--models", "a", "--tokens-per-minute", "100");
    awaitKnown(text);
    gateway.registry().clear();
    try (FakeReplica counting =
        new FakeReplica(
            "counting",
            (request, body, response) ->
                response
                    .header("Inference-Units", "rows=1, tokens=99")
                    .sendString(Mono.just("{}")))) {
      gateway.register(counting, "a:1");
      Call first = call("POST", INFER, "{\"n\":1}");
      assertThat(send(first, text).statusCode()).isEqualTo(200);
      // Kept answers cost no replica anything.
      assertThat(send(first, text).statusCode()).isEqualTo(200);
      assertThat(send(call("POST", INFER, "{\"n\":2}"), text).statusCode()).isEqualTo(200);

      HttpResponse<String> inDebt = send(call("POST", INFER, "{\"n\":3}"), text);
      assertThat(inDebt.statusCode()).isEqualTo(429);
      assertThat(inDebt.headers().firstValueAsLong("Retry-After").orElse(0)).isBetween(40L, 60L);
      assertThat(counting.received()).hasSize(2);
    }
  }

  @Test
  void concurrency_isBounded_andGivenBack() throws Exception {
    String single = key("single", "--models", "a", "--concurrent-requests", "1");
    awaitKnown(single);
    gateway.registry().clear();
    Sinks.Empty<Void> release = Sinks.empty();
    try (FakeReplica slow =
        new FakeReplica(
            "slow", (request, body, response) -> release.asMono().then(response.send()))) {
      gateway.register(slow, "a:1");
      var first =
          gateway.sendLater(
              gateway.request("/v2/models/a/config").header("Authorization", "Bearer " + single));
      Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> slow.received().size() == 1);

      assertThat(send(call("GET", "/v2/models/a/config", ""), single).statusCode()).isEqualTo(429);
      assertThat(slow.received()).hasSize(1);
      release.tryEmitEmpty();
      assertThat(first.join().statusCode()).isEqualTo(200);
      Awaitility.await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> send(call("GET", "/v2/models/a/config", ""), single).statusCode() == 200);
    }
  }

  @Test
  void keys_comeAndGo_withTheFile(CapturedOutput output) throws Exception {
    String before = Files.readString(keys);
    String late = key("late", "--models", "a");
    awaitKnown(late);

    // What is wrong changes nothing.
    Files.writeString(keys, Files.readString(keys) + "{\"name\":\"broken\"\n");
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> output.getAll().contains("the keys stay as they were"));
    assertThat(send(call("GET", "/v2", ""), late).statusCode()).isEqualTo(200);

    Files.writeString(keys, before);
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> send(call("GET", "/v2", ""), late).statusCode() == 401);
    assertThat(send(call("GET", "/v2", ""), infer).statusCode()).isEqualTo(200);
  }

  private void awaitKnown(String key) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> send(call("GET", "/v2", ""), key).statusCode() == 200);
  }

  @Test
  void replica_isToldTheCallerByItsName_whateverTheCallerSays() throws Exception {
    send(
        call("POST", INFER, "{\"named\":1}"),
        "Authorization",
        "Bearer " + infer,
        "Inference-Caller",
        "somebody-else",
        "Inference-Priority",
        "1");
    send(
        call("GET", "/v2/models/a/config", ""),
        "Authorization",
        "Bearer " + infer,
        "Inference-Caller",
        "somebody-else");

    assertThat(replica.received()).hasSize(2);
    assertThat(replica.received().get(0).headers())
        .containsEntry("Inference-Caller", "key:infer")
        .containsEntry("Inference-Priority", "5");
    assertThat(replica.received().get(1).headers()).doesNotContainValue("somebody-else");
  }
}
