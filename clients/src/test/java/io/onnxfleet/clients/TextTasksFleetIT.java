package io.onnxfleet.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.api.ModelInBody;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Every text task through a gateway's process, with rights and errors in the shapes they have. */
@ExtendWith(FleetExtension.class)
class TextTasksFleetIT {
  private static final String MODEL = ClientFleet.MODEL;

  private final HttpClient http = HttpClient.newHttpClient();

  /**
   * What one text task is asked, and what is expected of its answer.
   *
   * @param body of the request
   * @param looks at the answer, which is 200
   */
  private record Asked(Map<String, ?> body, Consumer<JsonNode> looks) {}

  private static final Asked RANKED =
      new Asked(
          Map.of(
              "model",
              MODEL,
              "query",
              "How do I reset my card's code?",
              "documents",
              List.of("Bananas are yellow.", "Reset the code of a card in the app.")),
          answer -> assertThat(answer.at("/results/0/index").asInt()).isEqualTo(1));

  private static final Map<ApiCall, Asked> TASKS =
      new EnumMap<>(
          Map.of(
              ApiCall.EMBEDDINGS,
              new Asked(
                  Map.of("model", MODEL, "input", "a man eats"),
                  answer -> assertThat(answer.at("/data/0/embedding").size()).isEqualTo(384)),
              ApiCall.RERANK,
              RANKED,
              ApiCall.RERANK_V2,
              RANKED,
              ApiCall.CLASSIFY,
              new Asked(
                  Map.of("model", "intents", "input", "Book a table"),
                  answer -> assertThat(answer.at("/data/0/labels").size()).isEqualTo(2)),
              ApiCall.TOKEN_CLASSIFY,
              new Asked(
                  Map.of("model", "entities", "input", "Ada"),
                  answer -> assertThat(answer.at("/data").size()).isEqualTo(1)),
              ApiCall.SIMILARITY,
              new Asked(
                  Map.of("source", "a man eats", "targets", List.of("somebody eats")),
                  answer -> assertThat(answer.at("/data/0/score").asDouble()).isBetween(0.3, 1.0)),
              ApiCall.TOKENIZE,
              new Asked(
                  Map.of("input", "hello"),
                  answer -> assertThat(answer.at("/data/0/tokens/1/id").asInt()).isEqualTo(7592)),
              ApiCall.DETOKENIZE,
              new Asked(
                  Map.of("tokens", List.of(7592)),
                  answer -> assertThat(answer.at("/data/0/text").asString()).isEqualTo("hello"))));

  /** A task that is added to the table of calls is asked here as well. */
  @Test
  void tasks_areAllAsked() {
    assertThat(TASKS.keySet())
        .containsExactlyInAnyOrderElementsOf(
            Stream.of(ApiCall.values())
                .filter(call -> call.modelInBody() != ModelInBody.NONE)
                .toList());
  }

  @Test
  void tasks_areAnswered_throughBothGateways(ClientFleet fleet) throws Exception {
    for (ClientFleet.Door door : fleet.doors()) {
      for (Map.Entry<ApiCall, Asked> task : TASKS.entrySet()) {
        HttpResponse<String> answer = post(door, task.getKey().path(), task.getValue().body());
        assertThat(answer.statusCode()).as("%s %s", task.getKey(), answer.body()).isEqualTo(200);
        assertThat(answer.headers().firstValue(HeaderNames.CONTENT))
            .as("%s", task.getKey())
            .isPresent();
        task.getValue().looks().accept(json(answer));
      }
    }
  }

  @Test
  void families_areAnsweredByTheirBest_andByTheSmallOneWhileThatIsAway(ClientFleet fleet)
      throws Exception {
    assertFamily(
        fleet,
        ClientFleet.RANKERS,
        "/v1/rerank",
        Map.of("model", ClientFleet.RANKERS, "query", "a", "documents", List.of("b", "c")));
    assertFamily(
        fleet,
        ClientFleet.TRIAGE,
        "/v1/classify",
        Map.of("model", ClientFleet.TRIAGE, "input", "Book a table"));
  }

  private void assertFamily(ClientFleet fleet, String family, String path, Map<String, ?> question)
      throws Exception {
    String large = family + "-large";
    String small = family + ClientFleet.SMALL;
    assertAnsweredBy(large, ask(fleet, path, question, null));
    change(fleet, large, "unload");
    try {
      fleet.awaitReady(large, false);
      assertAnsweredBy(small, ask(fleet, path, question, null));
      // Until the registry has told the gateway, it asks a replica, which says that it is unloaded.
      await()
          .untilAsserted(
              () -> {
                HttpResponse<String> refused = ask(fleet, path, question, "0.4");
                assertThat(refused.statusCode()).as(refused.body()).isEqualTo(503);
                assertThat(refused.body())
                    .contains("Inference-Min-Quality: 0.4 (expected: <= 0.38");
              });
    } finally {
      change(fleet, large, "load");
      fleet.awaitReady(large, true);
    }
    assertAnsweredBy(large, ask(fleet, path, question, "0.4"));
  }

  private static void assertAnsweredBy(String variant, HttpResponse<String> answer) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(answer.headers().allValues("Inference-Variant")).containsExactly(variant);
    assertThat(json(answer).get("model").asString()).isEqualTo(variant);
  }

  private HttpResponse<String> ask(
      ClientFleet fleet, String path, Map<String, ?> body, @Nullable String minQuality)
      throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(fleet.open().base().resolve(path))
            .POST(BodyPublishers.ofString(JsonMapper.shared().writeValueAsString(body)));
    if (minQuality != null) {
      request.header("Inference-Min-Quality", minQuality);
    }
    return http.send(request.build(), BodyHandlers.ofString());
  }

  private void change(ClientFleet fleet, String model, String how) throws Exception {
    ClientFleet.Door door = fleet.keyed();
    HttpResponse<String> changed =
        http.send(
            HttpRequest.newBuilder(
                    door.base().resolve("/v2/repository/models/" + model + "/" + how))
                .header("Authorization", "Bearer " + door.key())
                .POST(BodyPublishers.noBody())
                .build(),
            BodyHandlers.ofString());
    assertThat(changed.statusCode()).as(changed.body()).isEqualTo(200);
  }

  @Test
  void refusals_haveCoheresMessage_whoeverRefuses(ClientFleet fleet) throws Exception {
    HttpResponse<String> byReplica = post(fleet.open(), "/v2/rerank", Map.of("query", "a"));
    assertThat(byReplica.statusCode()).isEqualTo(400);
    HttpResponse<String> byGateway =
        post(fleet.open(), "/v2/rerank", Map.of("model", "nobody", "query", "a"));
    assertThat(byGateway.statusCode()).isEqualTo(404);
    ClientFleet.Door locked = fleet.keyed();
    HttpResponse<String> unknown =
        post(
            new ClientFleet.Door("wrong", locked.base(), "wrong"),
            "/v1/rerank",
            Map.of("query", "a"));
    assertThat(unknown.statusCode()).isEqualTo(401);
    for (HttpResponse<String> each : List.of(byReplica, byGateway, unknown)) {
      assertThat(json(each).at("/error/message").asString()).isNotEmpty();
      assertThat(json(each).get("message")).isEqualTo(json(each).at("/error/message"));
    }
  }

  /** At the gateway that names models for it. */
  @Test
  void teisRoutes_answerInTheirShapes(ClientFleet fleet) throws Exception {
    ClientFleet.Door door = fleet.open();
    JsonNode vectors = json(post(door, "/embed", Map.of("inputs", List.of("a man", "a cat"))));
    assertThat(vectors.size()).isEqualTo(2);
    assertThat(vectors.get(0).size()).isEqualTo(384);
    JsonNode tokens = json(post(door, "/embed_all", Map.of("inputs", List.of("hello", "a cat"))));
    assertThat(tokens.size()).isEqualTo(2);
    assertThat(tokens.get(0).size()).isEqualTo(3);
    assertThat(tokens.get(1).size()).isEqualTo(4);
    assertThat(tokens.at("/1/3").size()).isEqualTo(384);
    assertThat(tokens.at("/1/3/383").isNumber()).isTrue();
    JsonNode ranked =
        json(
            post(
                door,
                "/rerank",
                Map.of(
                    "query",
                    "reset my card's code",
                    "texts",
                    List.of("Bananas.", "Reset the code of a card."),
                    "return_text",
                    true)));
    assertThat(ranked.at("/0/index").asInt()).isEqualTo(1);
    assertThat(ranked.at("/0/text").asString()).startsWith("Reset");
    assertThat(
            json(post(door, "/predict", Map.of("inputs", List.of("a", "b"))))
                .at("/0/label")
                .isString())
        .isTrue();
    assertThat(
            json(post(door, "/predict", Map.of("inputs", List.of(List.of("a"), List.of("b", "c")))))
                .at("/1/0/label")
                .isString())
        .isTrue();
    assertThat(json(post(door, "/tokenize", Map.of("inputs", "hello"))).at("/0/1/id").asInt())
        .isEqualTo(7592);
    assertThat(json(post(door, "/decode", Map.of("ids", List.of(7592)))).at("/0").asString())
        .isEqualTo("hello");
    assertThat(
            json(post(
                    door,
                    "/similarity",
                    Map.of(
                        "inputs", Map.of("source_sentence", "a", "sentences", List.of("a", "b")))))
                .at("/0")
                .asDouble())
        .isGreaterThan(0.99);
    String tooLong = "word ".repeat(1_000);
    for (String route : List.of("/embed", "/embed_all")) {
      HttpResponse<String> refused = post(door, route, Map.of("inputs", tooLong));
      assertThat(refused.statusCode()).as(refused.body()).isEqualTo(422);
      assertThat(json(refused).at("/error_type").asString()).isEqualTo("Validation");
      assertThat(json(refused).at("/error").asString()).startsWith("inputs: 1002 tokens");
      assertThat(post(door, route, Map.of("inputs", tooLong, "truncate", true)).statusCode())
          .isEqualTo(200);
    }
    assertThat(post(door, "/embed", Map.of("inputs", List.of())).statusCode()).isEqualTo(400);
    assertThat(post(door, "/embed_sparse", Map.of("inputs", "a")).statusCode()).isEqualTo(424);
    assertThat(post(fleet.keyed(), "/embed", Map.of("inputs", "a")).statusCode()).isEqualTo(404);
    HttpResponse<String> health =
        http.send(
            HttpRequest.newBuilder(door.base().resolve("/health")).build(),
            BodyHandlers.ofString());
    assertThat(health.statusCode()).isEqualTo(200);
  }

  private HttpResponse<String> post(ClientFleet.Door door, String path, Map<String, ?> body)
      throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(door.base().resolve(path))
            .timeout(Duration.ofMinutes(1))
            .header("Authorization", "Bearer " + door.key())
            .POST(BodyPublishers.ofString(JsonMapper.shared().writeValueAsString(body)))
            .build();
    return http.send(request, BodyHandlers.ofString());
  }

  private static JsonNode json(HttpResponse<String> response) {
    return JsonMapper.shared().readTree(response.body());
  }
}
