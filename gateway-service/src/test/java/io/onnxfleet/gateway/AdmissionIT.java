package io.onnxfleet.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.gateway.admission.ConcurrencyLimiter;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Sinks;

class AdmissionIT {

  @Test
  void request_is429_whenTheGatewayIsFull_andServedAgainAfterwards() throws Exception {
    Sinks.Empty<Void> release = Sinks.empty();
    try (RunningGateway gateway =
            new RunningGateway(
                "fleet.gateway.admission.max-concurrent-requests=1",
                "fleet.gateway.admission.body-read-timeout=200ms");
        FakeReplica one =
            new FakeReplica(
                "one", (request, body, response) -> release.asMono().then(response.send()))) {
      gateway.register(one, "a:1");
      CompletableFuture<HttpResponse<String>> first = gateway.postLater("/v2/models/a/infer", "{}");
      Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> one.received().size() == 1);

      HttpResponse<String> refused = gateway.get("/v2/models/a");

      assertThat(refused.statusCode()).isEqualTo(429);
      assertThat(refused.headers().firstValue("Retry-After")).contains("1");
      assertThat(refused.body())
          .isEqualTo("{\"error\":\"the gateway has 1 requests under way (expected: fewer)\"}");
      assertThat(gateway.get("/v2/health/live").statusCode()).isEqualTo(200);
      assertThat(gateway.get("/actuator/health").statusCode()).isEqualTo(200);

      release.tryEmitEmpty();
      assertThat(first.get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
      awaitNothingAdmitted(gateway);
      assertThat(gateway.get("/v2/models/a").statusCode()).isEqualTo(200);
      awaitNothingAdmitted(gateway);
      slowBodyIsEnded(gateway, one);
    }
  }

  /** A client may have its answer a moment before the gateway has given the place back. */
  private static void awaitNothingAdmitted(RunningGateway gateway) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> gateway.bean(ConcurrencyLimiter.class).admitted() == 0);
  }

  private static void slowBodyIsEnded(RunningGateway gateway, FakeReplica one) throws Exception {
    int before = one.received().size();
    try (Socket client = new Socket(InetAddress.getLoopbackAddress(), gateway.port())) {
      client
          .getOutputStream()
          .write(
              "POST /v2/models/a/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"
                  .getBytes(StandardCharsets.US_ASCII));
      String answer = new String(client.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);

      assertThat(answer).startsWith("HTTP/1.1 408").contains("came to a halt after 1 bytes");
    }
    assertThat(one.received()).hasSize(before);
  }

  @Test
  void start_fails_whenAKeyIsUnknownOrAValueOutOfBounds() {
    assertThatThrownBy(() -> new RunningGateway("fleet.gateway.routing.max-trys=3"))
        .hasMessageContaining("fleet.gateway.routing.max-trys")
        .hasMessageContaining("the nearest known key is 'fleet.gateway.routing.max-tries'");
    assertThatThrownBy(() -> new RunningGateway("fleet.gateway.routing.max-tries=0"))
        .hasStackTraceContaining("fleet.gateway.routing.max-tries: 0 (expected: >= 1)");
  }

  @Test
  void administration_is403_whenNoTokenIsConfigured() throws Exception {
    try (RunningGateway gateway = new RunningGateway()) {
      HttpResponse<String> answer = gateway.post("/v2/repository/models/a/load", "");

      assertThat(answer.statusCode()).isEqualTo(403);
      assertThat(answer.body())
          .contains("administration is closed", "fleet.gateway.administration.token");
    }
  }
}
