package io.onnxfleet.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.gateway.balancing.EjectedReplicas;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;

/** A request that ends a replica ends no other one, and what is innocent is lost to nobody. */
class SuspectsIT {

  private static final String POISON = "poison";
  private static final Duration LONG = Duration.ofSeconds(20);

  private static RunningGateway gateway;

  private final AtomicInteger deaths = new AtomicInteger();
  private final List<FakeReplica> replicas = new ArrayList<>();

  @BeforeAll
  static void start() {
    gateway =
        new RunningGateway(
            "fleet.gateway.registry.vanished-grace=0s",
            "fleet.gateway.registry.refresh-interval=1h",
            "fleet.gateway.balancing.leave-out-first=1h",
            "fleet.gateway.balancing.leave-out-most=1h",
            "fleet.gateway.administration.token=secret");
  }

  @AfterAll
  static void stop() {
    gateway.close();
  }

  @AfterEach
  void end() {
    replicas.forEach(FakeReplica::close);
    gateway.registry().clear();
    gateway.look();
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 5})
  void poison_endsOneReplica_andNothingElseFails_whenItIsSentAtOnceAndAgain(int count)
      throws Exception {
    String fresh = "fresh" + count;
    String other = "other" + count;
    gateway.vouchFor(other + ":1", 100, 100);
    for (int i = 0; i < count; i++) {
      gateway.register(mortal(fresh + "-" + i), fresh + ":1", other + ":1");
    }
    AtomicBoolean ended = new AtomicBoolean();
    List<String> failed = new CopyOnWriteArrayList<>();
    List<Thread> others = new ArrayList<>();
    AtomicInteger answered = new AtomicInteger();
    for (int i = 0; i < 8; i++) {
      others.add(
          Thread.startVirtualThread(
              () -> {
                while (!ended.get()) {
                  HttpResponse<String> answer = posted(other, "fine");
                  if (answer.statusCode() == 200) {
                    answered.incrementAndGet();
                  } else {
                    failed.add(answer.statusCode() + " " + answer.body());
                  }
                }
              }));
    }
    Awaitility.await().atMost(LONG).until(() -> answered.get() > 50);

    List<HttpResponse<String>> answers = new ArrayList<>();
    IntStream.range(0, 4)
        .mapToObj(i -> gateway.postLater(infer(fresh), POISON))
        .toList()
        .forEach(sent -> answers.add(sent.join()));
    for (int i = 0; i < 4; i++) {
      answers.add(posted(fresh, POISON));
    }
    int before = answered.get();
    Awaitility.await().atMost(LONG).until(() -> answered.get() > before + 50);
    ended.set(true);
    for (Thread thread : others) {
      thread.join();
    }

    assertThat(answers).allMatch(answer -> answer.statusCode() == 503);
    assertThat(answers)
        .anySatisfy(
            answer -> {
              assertThat(answer.body())
                  .contains(
                      "died while it had this request, which may be the cause; it is not sent on",
                      "has answered 0 requests (expected: 100)");
              assertThat(answer.headers().firstValue("Retry-After")).isEmpty();
              assertThat(answer.headers().firstValue("Inference-Suspect")).hasValue("true");
            });
    assertThat(answers.getLast().body()).contains("model '" + fresh + "'", "is on probation");
    assertThat(deaths).hasValue(1);
    assertThat(failed).isEmpty();
    assertThat(gateway.get("/actuator/prometheus").body())
        .contains(
            "fleet_gateway_replica_deaths_total",
            "fleet_gateway_suspects_total",
            "fleet_gateway_suspects_refused_total",
            "fleet_gateway_probation{");
  }

  @Test
  void suspect_goesOnToOneOther_onlyIfItsVersionAnsweredAHundred_oneAsLarge() throws Exception {
    gateway.vouchFor("known:1", 100, POISON.length());
    gateway.vouchFor("little:1", 99, POISON.length());
    gateway.vouchFor("smaller:1", 100, POISON.length() - 1);

    for (String model : List.of("known", "little", "smaller")) {
      deaths.set(0);
      for (int i = 0; i < 4; i++) {
        gateway.register(mortal(model + i), model + ":1");
      }
      assertThat(posted(model, POISON).statusCode()).isEqualTo(503);
      assertThat(deaths).as(model).hasValue(model.equals("known") ? 2 : 1);
      // Whoever repeats it at once ends no further one.
      for (int i = 0; i < 3; i++) {
        assertThat(posted(model, POISON).statusCode()).isEqualTo(503);
      }
      assertThat(deaths).as(model).hasValue(model.equals("known") ? 2 : 1);
      // And takes nothing away from others.
      assertThat(posted(model, "fine").statusCode()).isEqualTo(200);
      end();
    }
  }

  @Test
  void innocents_areAnsweredByAnother_whenAReplicaIsKilledUnderLoad() throws Exception {
    gateway.vouchFor("popular:1", 100, 100);
    for (int round = 0; round < 5; round++) {
      FakeReplica victim = slow("victim" + round);
      gateway.register(victim, "popular:1");
      gateway.register(slow("stays" + round), "popular:1");
      List<CompletableFuture<HttpResponse<String>>> sent = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        sent.add(gateway.postLater(infer("popular"), "the same body"));
        if (i == 20) {
          Awaitility.await().atMost(LONG).until(() -> !victim.received().isEmpty());
          victim.kill();
        }
      }

      assertThat(sent).allMatch(answer -> answer.join().statusCode() == 200);
      end();
    }
    assertThat(gateway.get("/actuator/prometheus").body())
        .contains("fleet_gateway_quarantine{application=\"gateway-service\"} 0");
  }

  @Test
  void silentReplica_isTheOnlyOneThatHasARequest_ofWhatHasNotAnswered() throws Exception {
    try (BrokenReplica silent = BrokenReplica.silent();
        BrokenReplica alsoSilent = BrokenReplica.silent()) {
      gateway.register("silent1", silent.port(), "mute:1");
      gateway.register("silent2", alsoSilent.port(), "mute:1");

      HttpResponse<String> answer =
          gateway.send(
              gateway
                  .request(infer("mute"))
                  .header("Inference-Deadline-Ms", "1500")
                  .POST(BodyPublishers.ofString("{}")));

      assertThat(answer.statusCode()).isEqualTo(504);
      assertThat(silent.inferences() + alsoSilent.inferences()).isEqualTo(1);
    }
  }

  @Test
  void usedConnection_thatWasClosedTooSoon_isNoDeath() throws Exception {
    try (ForgetfulReplica forgetful = new ForgetfulReplica()) {
      gateway.register("forgetful", forgetful.port(), "kept:1");

      for (int i = 0; i < 6; i++) {
        assertThat(posted("kept", "request " + i).statusCode()).isEqualTo(200);
      }

      assertThat(forgetful.broken).hasValueGreaterThan(0);
      assertThat(gateway.bean(EjectedReplicas.class).isEjected("forgetful")).isFalse();
    }
  }

  @Test
  void probation_endsWithTheFirstAnswer_ofTheProcessThatCameAfterTheDeath() throws Exception {
    gateway.vouchFor("stable:1", 1, 100);
    FakeReplica first = mortal("p0");
    gateway.register(first, "new:1");
    gateway.registry().register("p0", first.port(), metadata("1", "new:1"));
    gateway.look();
    assertThat(posted("new", POISON).statusCode()).isEqualTo(503);
    FakeReplica stays = mortal("p1");
    FakeReplica stays2 = mortal("p2");
    // What was there at the death: nothing but the one that died, so these came after it.
    gateway.registry().register("p1", stays.port(), metadata("1", "new:1"));
    gateway.registry().register("p2", stays2.port(), metadata("1", "new:1"));
    gateway.look();

    for (int i = 0; i < 10; i++) {
      assertThat(posted("new", POISON + " no more".repeat(i)).statusCode()).isIn(200, 503);
    }

    // One of the two died of it; the last healthy one was not tried.
    assertThat(deaths).hasValue(2);
  }

  @Test
  void quarantine_isKnownByTheRegistry_toldInTheIndex_andLiftedByALoad() throws Exception {
    String index =
        """
        [{"name":"m","version":"1","state":"READY","reason":""},
         {"name":"m","version":"2","state":"READY","reason":""}]""";
    FakeReplica serves = FakeReplica.answering("serves", index);
    FakeReplica knows = FakeReplica.answering("knows", "[]");
    replicas.add(serves);
    replicas.add(knows);
    Map<String, String> ready =
        Map.of("models-ready", "m:1,m:2", "models-contents", "m/1@aaaaaaaaaaaa,m/2@bbbbbbbbbbbb");
    gateway.registry().register("serves", serves.port(), ready);
    gateway
        .registry()
        .register(
            "knows", knows.port(), Map.of("models-known", "m", "quarantine", "m/2@bbbbbbbbbbbb"));
    gateway.look();

    HttpResponse<String> refused = gateway.post("/v2/models/m/versions/2/infer", "{}");
    assertThat(refused.statusCode()).isEqualTo(503);
    assertThat(refused.headers().firstValue("Retry-After")).isEmpty();
    assertThat(refused.body())
        .contains("model 'm', version 2, is in quarantine: it ended a process");
    // A replica that would run version 2 for it is asked for version 1: that is the highest READY.
    HttpResponse<String> lower = gateway.post(infer("m"), "{}");
    assertThat(lower.statusCode()).isEqualTo(200);
    assertThat(lower.headers().firstValue("Inference-Variant")).contains("m:1");
    assertThat(gateway.get("/v2/models/m/ready").statusCode()).isEqualTo(200);
    assertThat(gateway.post("/v2/models/m/versions/1/infer", "{}").statusCode()).isEqualTo(200);
    assertThat(serves.received())
        .extracting(FakeReplica.Received::uri)
        .containsExactly(
            "/v2/models/m/versions/1/infer",
            "/v2/models/m/versions/1/ready",
            "/v2/models/m/versions/1/infer");
    // A text's request has no place for a version, so a header tells it; a client's says nothing.
    HttpResponse<String> text =
        gateway.send(
            gateway
                .request("/v1/embeddings")
                .header("Inference-Variant-Version", "2")
                .POST(BodyPublishers.ofString("{\"model\":\"m\",\"input\":\"a\"}")));
    assertThat(text.statusCode()).isEqualTo(200);
    assertThat(text.headers().firstValue("Inference-Variant")).contains("m:1");
    assertThat(gateway.get("/v1/models/m").statusCode()).isEqualTo(200);
    assertThat(serves.received())
        .extracting(FakeReplica.Received::uri)
        .endsWith("/v1/embeddings", "/v1/models/m");
    assertThat(serves.received().subList(3, 5))
        .allSatisfy(
            asked ->
                assertThat(asked.headers())
                    .containsEntry("Inference-Variant", "m:1")
                    .containsEntry("Inference-Variant-Version", "1"));
    assertThat(gateway.post("/v2/repository/index", "").body())
        .contains("{\"name\":\"m\",\"version\":\"1\",\"state\":\"READY\",\"reason\":\"\"}")
        .contains(
            "\"version\":\"2\",\"state\":\"UNAVAILABLE\",\"reason\":\"model 'm', version 2, is in quarantine");
    assertThat(gateway.post("/v2/repository/index", "{\"ready\":true}").body())
        .doesNotContain("\"version\":\"2\"");

    // The one that knew is gone: its word stays.
    gateway.registry().leave("knows");
    gateway.look();
    assertThat(gateway.post("/v2/models/m/versions/2/infer", "{}").statusCode()).isEqualTo(503);
    assertThat(gateway.post(infer("m"), "{}").headers().firstValue("Inference-Variant"))
        .contains("m:1");

    serves.telling(
        "models-ready", "m:1,m:2", "models-contents", "m/1@aaaaaaaaaaaa,m/2@bbbbbbbbbbbb");
    assertThat(
            gateway
                .send(
                    gateway
                        .request("/v2/repository/models/m/load")
                        .header("Authorization", "Bearer secret")
                        .POST(BodyPublishers.noBody()))
                .statusCode())
        .isEqualTo(200);
    HttpResponse<String> lifted = gateway.post(infer("m"), "{}");
    assertThat(lifted.statusCode()).isEqualTo(200);
    assertThat(lifted.headers().firstValue("Inference-Variant")).isEmpty();
    assertThat(serves.received().getLast().uri()).isEqualTo(infer("m"));
    assertThat(
            gateway
                .send(
                    gateway
                        .request("/v1/embeddings")
                        .header("Inference-Variant-Version", "1")
                        .POST(BodyPublishers.ofString("{\"model\":\"m\",\"input\":\"a\"}")))
                .statusCode())
        .isEqualTo(200);
    assertThat(serves.received().getLast().headers())
        .doesNotContainKeys("Inference-Variant", "Inference-Variant-Version");
  }

  @Test
  void quarantine_ofTheOnlyReadyVersion_leavesNothingThatAnswers() throws Exception {
    FakeReplica serves = FakeReplica.answering("serves", "{}");
    replicas.add(serves);
    gateway
        .registry()
        .register(
            "serves",
            serves.port(),
            Map.of("models-ready", "only:2", "models-contents", "only/2@cccccccccccc"));
    gateway
        .registry()
        .register("knows", 1, Map.of("models-known", "only", "quarantine", "only/2@cccccccccccc"));
    gateway.look();

    HttpResponse<String> refused = gateway.post(infer("only"), "{}");
    assertThat(refused.statusCode()).isEqualTo(503);
    assertThat(refused.body()).contains("model 'only', version 2, is in quarantine");
    assertThat(serves.received()).isEmpty();
    // It takes back what it said.
    gateway.registry().register("knows", 1, Map.of("models-known", "only", "quarantine", ""));
    gateway.look();
  }

  private static Map<String, String> metadata(String started, String models) {
    return Map.of("models-ready", models, "started", started, "revision", "1");
  }

  private static String infer(String model) {
    return "/v2/models/" + model + "/infer";
  }

  private static HttpResponse<String> posted(String model, String body) {
    try {
      return gateway.post(infer(model), body);
    } catch (IOException | InterruptedException failure) {
      throw new AssertionError(failure);
    }
  }

  /** Dies of the poison as a process does: nothing listens any more, every connection breaks. */
  private FakeReplica mortal(String id) {
    AtomicReference<@Nullable FakeReplica> self = new AtomicReference<>();
    AtomicBoolean dead = new AtomicBoolean();
    FakeReplica replica =
        new FakeReplica(
            id,
            (request, body, response) -> {
              if (!new String(body, StandardCharsets.UTF_8).startsWith(POISON)) {
                return response.sendString(Mono.just("{}")).then();
              }
              if (!dead.getAndSet(true)) {
                deaths.incrementAndGet();
                Thread.startVirtualThread(() -> Objects.requireNonNull(self.get()).kill());
              }
              return Mono.never();
            });
    self.set(replica);
    replicas.add(replica);
    return replica;
  }

  private FakeReplica slow(String id) {
    FakeReplica replica =
        new FakeReplica(
            id,
            (request, body, response) ->
                Mono.delay(Duration.ofMillis(200))
                    .then(response.sendString(Mono.just("{}")).then()));
    replicas.add(replica);
    return replica;
  }

  /** Answers the first request of each connection, and closes it when the second one comes. */
  private static final class ForgetfulReplica implements AutoCloseable {

    private final ServerSocket server;
    private final AtomicInteger broken = new AtomicInteger();

    ForgetfulReplica() throws IOException {
      server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
      Thread.ofVirtual().start(this::accept);
    }

    private void accept() {
      while (!server.isClosed()) {
        try {
          Socket connection = server.accept();
          Thread.ofVirtual().start(() -> serve(connection));
        } catch (IOException closed) {
          return;
        }
      }
    }

    private void serve(Socket connection) {
      byte[] buffer = new byte[4096];
      try (connection) {
        if (connection.getInputStream().read(buffer) > 0) {
          connection
              .getOutputStream()
              .write(
                  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
                      .getBytes(StandardCharsets.US_ASCII));
          if (connection.getInputStream().read(buffer) > 0) {
            broken.incrementAndGet();
            connection.setSoLinger(true, 0);
          }
        }
      } catch (IOException gone) {
        // The gateway has closed it.
      }
    }

    int port() {
      return server.getLocalPort();
    }

    @Override
    public void close() throws IOException {
      server.close();
    }
  }
}
