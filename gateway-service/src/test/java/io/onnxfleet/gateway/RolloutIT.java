package io.onnxfleet.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

/** A rollout over HTTP: changed while it runs, shadowed, and taken back. */
class RolloutIT {

  private static final String ROLLOUT = "/v2/fleet/rollouts/m";
  private static final String ROLLOUTS = "/v2/fleet/rollouts";

  private static RunningGateway gateway;

  @BeforeAll
  static void start() {
    gateway =
        new RunningGateway(
            "fleet.gateway.administration.token=secret",
            "fleet.gateway.rollout.plans[0].model=configured",
            "fleet.gateway.rollout.plans[0].stable=1",
            "fleet.gateway.rollout.plans[0].candidate=2",
            "fleet.gateway.rollout.plans[0].weight=1",
            "fleet.gateway.rollout.plans[0].shadow=0");
  }

  @AfterAll
  static void stop() {
    gateway.close();
  }

  /** Its first version answers, its second one as the parameter says. */
  private static FakeReplica replica(int status, double second) {
    return new FakeReplica(
        "r",
        (request, body, response) -> {
          boolean isSecond = request.uri().contains("/versions/2/");
          String answer =
              "{\"outputs\":[{\"name\":\"y\",\"datatype\":\"FP32\",\"shape\":[1],\"data\":["
                  + (isSecond ? second : 1.0)
                  + "]}]}";
          return response
              .status(isSecond ? status : 200)
              .header("Content-Type", "application/json")
              .sendString(Mono.just(answer))
              .then();
        });
  }

  private static HttpResponse<String> put(String plan) throws Exception {
    return gateway.send(
        gateway
            .request(ROLLOUT)
            .header("Authorization", "Bearer secret")
            .PUT(BodyPublishers.ofString(plan)));
  }

  @Test
  void candidate_answersItsShare_andIsTakenBackOnErrors() throws Exception {
    try (FakeReplica replica = replica(500, 1)) {
      gateway.register(replica, "m:1", "m:2");
      assertThat(put("{\"stable\":\"1\",\"candidate\":\"2\",\"weight\":0.5}").statusCode())
          .isEqualTo(200);
      int failed = 0;
      int requests = 0;
      while (!gateway.get(ROLLOUTS).body().contains("RETURNED") && requests < 2000) {
        HttpResponse<String> answer = gateway.post("/v2/models/m/infer", "{}");
        requests++;
        failed += answer.statusCode() == 500 ? 1 : 0;
        assertThat(answer.headers().firstValue("Inference-Variant"))
            .contains(answer.statusCode() == 500 ? "m:2" : "m:1");
      }

      assertThat(gateway.get(ROLLOUTS).body())
          .contains("\"state\":\"RETURNED\"", "of its requests failed", "\"weight\":0.0");
      assertThat(failed).isBetween(1, requests / 2 + requests / 5 + 5);
      for (int i = 0; i < 20; i++) {
        assertThat(gateway.post("/v2/models/m/infer", "{}").statusCode()).isEqualTo(200);
      }
      assertThat(gateway.get("/actuator/prometheus").body())
          .contains("fleet_gateway_rollout_returns_total{");
    }
  }

  @Test
  void shadow_isComparedAndTold_andNoCallerNoticesIt() throws Exception {
    try (FakeReplica replica = replica(200, 1.5)) {
      gateway.register(replica, "m:1", "m:2");
      put("{\"stable\":\"1\",\"candidate\":\"2\",\"shadow\":1}");

      HttpResponse<String> answer =
          gateway.send(
              gateway
                  .request("/v2/models/m/infer")
                  .header("X-Request-Id", "told")
                  .POST(BodyPublishers.ofString("{\"id\":\"7\"}")));

      assertThat(answer.body()).contains("[1.0]");
      Awaitility.await()
          .atMost(Duration.ofSeconds(20))
          .untilAsserted(
              () ->
                  assertThat(gateway.get(ROLLOUTS).body())
                      .contains("\"different\":1", "\"request\":\"told\"", "differ by 0.5"));
      assertThat(replica.received())
          .filteredOn(received -> received.uri().equals("/v2/models/m/versions/2/infer"))
          .singleElement()
          .satisfies(
              received -> assertThat(received.body()).asString().isEqualTo("{\"id\":\"7\"}"));
    }
  }

  @Test
  void plan_isFollowedFromTheStart_whenItIsConfigured() throws Exception {
    try (FakeReplica replica = FakeReplica.answering("r", "{}")) {
      gateway.register(replica, "configured:1", "configured:2");

      gateway.post("/v2/models/configured/infer", "{}");

      assertThat(replica.received().getFirst().uri())
          .isEqualTo("/v2/models/configured/versions/2/infer");
    }
  }

  @Test
  void change_isRefused_whenItIsNoAdministratorsOrMakesNoSense() throws Exception {
    HttpResponse<String> unknown =
        gateway.send(gateway.request(ROLLOUT).PUT(BodyPublishers.ofString("{}")));
    HttpResponse<String> misspelt = put("{\"stable\":\"1\",\"candidate\":\"2\",\"wieght\":0.5}");
    HttpResponse<String> outOfBounds = put("{\"stable\":\"1\",\"candidate\":\"2\",\"weight\":5}");

    assertThat(unknown.statusCode()).isEqualTo(401);
    assertThat(misspelt.statusCode()).isEqualTo(400);
    assertThat(misspelt.body())
        .contains("unknown key 'wieght' (expected: stable, candidate, weight, shadow)");
    assertThat(outOfBounds.body()).contains("weight: 5.0 (expected: 0 to 1)");
  }
}
