package io.onnxfleet.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.FleetSecret;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServerRequest;

/** What the gateway shows replicas, and what it keeps from them. */
class InsideIT {

  private static final String TEXT = "a-secret-of-this-test-only-0123456789";
  private static final FleetSecret SECRET = FleetSecret.of(TEXT);
  private static final String INFER = "/v2/models/m/infer";

  /** Takes requests of its fleet alone, as a replica does, and remembers what others asked. */
  private static final class ClosedReplica implements AutoCloseable {
    private final List<String> complaints = new CopyOnWriteArrayList<>();
    private final Set<String> asked = new ConcurrentSkipListSet<>();
    private final DisposableServer server =
        LocalServer.onAnyPort()
            .handle(
                (request, response) ->
                    request
                        .receive()
                        .aggregate()
                        .asByteArray()
                        .defaultIfEmpty(new byte[0])
                        .flatMap(
                            body -> {
                              asked.add(request.method() + " " + request.uri());
                              String complaint = complaint(request);
                              if (complaint == null) {
                                return response.sendString(Mono.just("{}")).then();
                              }
                              complaints.add(request.uri() + ": " + complaint);
                              return response
                                  .status(401)
                                  .header("Inference-Replica-State", "closed")
                                  .sendString(Mono.just("{}"))
                                  .then();
                            }))
            .bindNow();

    private @Nullable String complaint(HttpServerRequest request) {
      List<String> signatures = request.requestHeaders().getAll(HeaderNames.SIGNATURE);
      return SECRET.complaint(
          signatures.size() == 1 ? signatures.getFirst() : null,
          request.method().name(),
          request.uri(),
          ("127.0.0.1:" + server().port())::equals,
          System.currentTimeMillis());
    }

    private DisposableServer server() {
      return server;
    }

    @Override
    public void close() {
      server.disposeNow();
    }
  }

  @Test
  void everyRequestToAReplica_isSigned_whoeverSendsIt() throws Exception {
    try (ClosedReplica replica = new ClosedReplica();
        RunningGateway gateway =
            new RunningGateway("fleet.secret=" + TEXT, "fleet.gateway.administration.token=t")) {
      gateway.register("r", replica.server().port(), "m:1", "n:1");
      assertThat(
              gateway
                  .send(
                      gateway
                          .request("/v2/fleet/rollouts/m")
                          .header("Authorization", "Bearer t")
                          .PUT(
                              BodyPublishers.ofString(
                                  "{\"stable\": \"1\", \"candidate\": \"n\", \"shadow\": 1}")))
                  .statusCode())
          .isEqualTo(200);
      assertThat(gateway.post(INFER, "{}").statusCode()).isEqualTo(200);
      assertThat(gateway.post(INFER + "?a=b%20c", "{}").statusCode()).isEqualTo(200);
      assertThat(gateway.post("/v1/embeddings", "{\"model\":\"m\"}").statusCode()).isEqualTo(200);
      gateway.post("/v2/repository/index", "{}");
      gateway.get("/v2/models/stats");
      gateway.get("/v1/models");
      gateway.get("/v2/models/m");
      gateway.send(
          gateway
              .request("/v2/repository/models/m/load")
              .header("Authorization", "Bearer t")
              .POST(BodyPublishers.ofString("{}")));

      // Shadows come by themselves.
      await()
          .atMost(Duration.ofSeconds(20))
          .untilAsserted(
              () -> {
                gateway.post(INFER, "{}");
                assertThat(replica.asked)
                    .contains("POST /v2/models/m/versions/1/infer", "POST /v2/models/n/infer")
                    .contains("POST /v2/repository/models/m/load", "POST /v2/repository/index");
              });
      assertThat(replica.complaints).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"true", "false"})
  void credentialsOfCallers_stayAtTheGateway(String direct) throws Exception {
    Map<String, String> kept =
        Map.of("Content-Type", "application/json", "X-Mine", "mine", "Accept-Language", "de");
    List<String> credentials =
        List.of(
            "Authorization",
            "Cookie",
            "Proxy-Authorization",
            "X-API-Key",
            "Api-Key",
            "X-Auth-Token",
            "X-Access-Token",
            "X-Goog-Api-Key",
            "Ocp-Apim-Subscription-Key",
            "X-Amz-Security-Token",
            "X-Forwarded-Access-Token",
            "X-Forwarded-Client-Cert",
            "X-CSRF-Token",
            "X-XSRF-Token",
            "Cookie2",
            HeaderNames.SIGNATURE);
    try (FakeReplica replica = FakeReplica.answering("r", "{}");
        RunningGateway gateway =
            new RunningGateway("fleet.secret=" + TEXT, "fleet.gateway.routing.direct=" + direct)) {
      gateway.register(replica, "m:1");
      java.net.http.HttpRequest.Builder request = gateway.request(INFER);
      kept.forEach(request::header);
      credentials.forEach(name -> request.header(name, "users-own"));
      HttpResponse<String> answer = gateway.send(request.POST(BodyPublishers.ofString("{}")));

      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.headers().map()).doesNotContainKey(HeaderNames.SIGNATURE);
      Map<String, String> headers = replica.received().getFirst().headers();
      assertThat(headers).containsAllEntriesOf(kept);
      assertThat(headers.values()).noneMatch(value -> value.contains("users-own"));
      assertThat(headers.get(HeaderNames.SIGNATURE)).startsWith("v1 ");
    }
  }

  @Test
  void signature_isNotMade_whereTheFleetHasNoSecret_norPassedOn() throws Exception {
    try (FakeReplica replica = FakeReplica.answering("r", "{}");
        RunningGateway gateway = new RunningGateway()) {
      gateway.register(replica, "m:1");
      gateway.send(
          gateway
              .request(INFER)
              .header(HeaderNames.SIGNATURE, "v1 1 a b")
              .POST(BodyPublishers.ofString("{}")));

      assertThat(replica.received().getFirst().headers()).doesNotContainKey(HeaderNames.SIGNATURE);
    }
  }

  /** Whoever could have it taken off would have each replica refuse the gateway. */
  @Test
  void signature_stays_whenACallerNominatesItForItsConnection() throws Exception {
    try (FakeReplica replica = FakeReplica.answering("r", "{}");
        RunningGateway gateway = new RunningGateway("fleet.secret=" + TEXT);
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), gateway.port())) {
      gateway.register(replica, "m:1");
      socket
          .getOutputStream()
          .write(
              "POST %s HTTP/1.1\r\nHost: x\r\nConnection: close, %s, Host\r\nContent-Length: 2\r\n\r\n{}"
                  .formatted(INFER, HeaderNames.SIGNATURE)
                  .getBytes(StandardCharsets.US_ASCII));
      socket.getInputStream().readAllBytes();

      Map<String, String> headers = replica.received().getFirst().headers();
      assertThat(headers.get(HeaderNames.SIGNATURE)).startsWith("v1 ");
      assertThat(headers.get("Host")).isEqualTo("127.0.0.1:" + replica.port());
    }
  }

  /** A caller who is told 401 would doubt its own key. */
  @ParameterizedTest
  @ValueSource(ints = {2, 4_000_000})
  void refusalByAReplica_isNoRefusalOfTheCaller(int size) throws Exception {
    try (ClosedReplica replica = new ClosedReplica();
        RunningGateway gateway =
            new RunningGateway("fleet.secret=another-secret-of-this-test-0123456789")) {
      gateway.register("r", replica.server().port(), "m:1");

      HttpResponse<String> answer = gateway.post(INFER, "{" + " ".repeat(size - 2) + "}");

      assertThat(answer.statusCode()).isEqualTo(503);
      assertThat(answer.headers().firstValue("WWW-Authenticate")).isEmpty();
      assertThat(replica.complaints).isNotEmpty();
    }
  }

  @Test
  void replicaElsewhere_isNeverAsked() throws Exception {
    try (FakeReplica replica = FakeReplica.answering("r", "{}");
        RunningGateway gateway = new RunningGateway("fleet.gateway.registry.networks=10.0.0.0/8")) {
      gateway.register(replica, "m:1");

      assertThat(gateway.post(INFER, "{}").statusCode()).isEqualTo(503);

      assertThat(replica.received()).isEmpty();
    }
  }
}
