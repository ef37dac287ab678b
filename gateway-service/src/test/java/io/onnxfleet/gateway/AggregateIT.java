package io.onnxfleet.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.contract.api.ErrorCode;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class AggregateIT {

  private static final JsonMapper JSON = JsonMapper.shared();

  private static RunningGateway gateway;

  @BeforeAll
  static void start() {
    gateway =
        new RunningGateway(
            "fleet.gateway.registry.vanished-grace=0s",
            "fleet.gateway.administration.token=secret");
  }

  @AfterAll
  static void stop() {
    gateway.close();
  }

  @AfterEach
  void emptyTheRegistry() {
    gateway.registry().clear();
    gateway.look();
  }

  @Test
  void index_isUnion_andPrefersReady() throws Exception {
    try (FakeReplica one =
            FakeReplica.answering(
                "one",
                """
                [{"name":"a","version":"1","state":"UNAVAILABLE","reason":"bad file"},
                 {"name":"b","version":"10","state":"READY","reason":""}]\
                """);
        FakeReplica two =
            FakeReplica.answering(
                "two",
                """
                [{"name":"a","version":"1","state":"READY","reason":""},
                 {"name":"b","version":"9","state":"UNAVAILABLE","reason":"no memory"}]\
                """)) {
      gateway.register(one, "b:10");
      gateway.register(two, "a:1");

      HttpResponse<String> index = gateway.post("/v2/repository/index", "{\"ready\":false}");

      assertThat(JSON.readTree(index.body()))
          .isEqualTo(
              JSON.readTree(
                  """
                  [{"name":"a","version":"1","state":"READY","reason":""},
                   {"name":"b","version":"9","state":"UNAVAILABLE","reason":"no memory"},
                   {"name":"b","version":"10","state":"READY","reason":""}]\
                  """));
      assertThat(one.received().getFirst().body()).isEmpty();
      assertThat(gateway.post("/v2/repository/index", "").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void models_areUnion_evenWhenOneReplicaIsDown() throws Exception {
    try (FakeReplica one =
            FakeReplica.answering(
                "one", "{\"object\":\"list\",\"data\":[{\"id\":\"b\",\"object\":\"model\"}]}");
        FakeReplica two =
            FakeReplica.answering(
                "two",
                "{\"object\":\"list\",\"data\":[{\"id\":\"a\",\"object\":\"model\"},{\"id\":\"b\"}]}")) {
      gateway.register(one, "b:1");
      gateway.register(two, "a:1");
      gateway.register("gone", BrokenReplica.refusingPort(), "a:1");

      JsonNode models = JSON.readTree(gateway.get("/v1/models").body());

      assertThat(models.get("object").stringValue()).isEqualTo("list");
      assertThat(models.get("data")).hasSize(2);
      assertThat(models.get("data").get(0).get("id").stringValue()).isEqualTo("a");
    }
  }

  @Test
  void statistics_areSums() throws Exception {
    try (FakeReplica one = FakeReplica.answering("one", statistics(10, 3, 100, 4));
        FakeReplica two = FakeReplica.answering("two", statistics(5, 2, 300, 8))) {
      gateway.register(one, "a:1");
      gateway.register(two, "a:1");

      for (String path : new String[] {"/v2/models/stats", "/v2/models/a/versions/1/stats"}) {
        JsonNode sum = JSON.readTree(gateway.get(path).body()).get("model_stats").get(0);

        assertThat(sum.get("name").stringValue()).isEqualTo("a");
        assertThat(sum.get("inference_count").longValue()).isEqualTo(15);
        assertThat(sum.get("execution_count").longValue()).isEqualTo(5);
        assertThat(sum.get("last_inference").longValue()).isEqualTo(300);
        assertThat(sum.get("inference_stats").get("success").get("ns").longValue()).isEqualTo(15);
        assertThat(sum.get("batch_stats")).hasSize(3);
        assertThat(sum.get("batch_stats").get(0).get("batch_size").longValue()).isEqualTo(1);
        assertThat(sum.get("batch_stats").get(0).get("compute_infer").get("count").longValue())
            .isEqualTo(5);
      }
      assertThat(gateway.get("/v2/models/nope/stats").statusCode()).isEqualTo(404);
    }
  }

  private static String statistics(int inferences, int executions, int last, int batch) {
    return """
    {"model_stats":[{"name":"a","version":"1","last_inference":%3$d,"inference_count":%1$d,
      "execution_count":%2$d,"inference_stats":{"success":{"count":%1$d,"ns":%1$d}},
      "batch_stats":[{"batch_size":%4$d,"compute_infer":{"count":1,"ns":9}},
                     {"batch_size":1,"compute_infer":{"count":%2$d,"ns":7}}]}]}
    """
        .formatted(inferences, executions, last, batch);
  }

  @Test
  void health_hasTheBodyThatKServesClientsRead() throws Exception {
    HttpResponse<String> live = gateway.get("/v2/health/live");
    HttpResponse<String> empty = gateway.get("/v2/health/ready");

    assertThat(live.statusCode()).isEqualTo(200);
    assertThat(live.body()).isEqualTo("{\"live\":true}");
    assertThat(live.headers().firstValue("Content-Type")).contains("application/json");
    assertThat(empty.statusCode()).isEqualTo(503);
    assertThat(empty.body()).isEqualTo("{\"ready\":false}");

    try (FakeReplica one = FakeReplica.answering("one", "{}")) {
      gateway.register(one, "a:1");
      HttpResponse<String> ready = gateway.get("/v2/health/ready");
      assertThat(ready.statusCode()).isEqualTo(200);
      assertThat(ready.body()).isEqualTo("{\"ready\":true}");
      assertThat(one.received()).isEmpty();
    }
  }

  @Test
  void serverMetadata_namesTheFleet() throws Exception {
    JsonNode metadata = JSON.readTree(gateway.get("/v2").body());

    assertThat(metadata.get("name").stringValue()).isEqualTo("onnx-fleet");
    assertThat(metadata.get("version").stringValue()).isNotEmpty();
    assertThat(metadata.get("extensions").isArray()).isTrue();
  }

  @Test
  void aggregate_is503_whenNoReplicaIsThere_andPassesARefusalOn() throws Exception {
    assertThat(gateway.get("/v1/models").statusCode()).isEqualTo(503);
    assertThat(gateway.post("/v2/models/a/infer", "{}").statusCode()).isEqualTo(503);
    try (FakeReplica one =
        new FakeReplica(
            "one",
            (request, body, response) ->
                response.status(400).sendString(Mono.just("{\"error\":\"bad json\"}")).then())) {
      gateway.register(one, "a:1");

      HttpResponse<String> index = gateway.post("/v2/repository/index", "{}");

      assertThat(index.statusCode()).isEqualTo(400);
      assertThat(index.body()).isEqualTo("{\"error\":\"bad json\"}");
    }
  }

  @Test
  void load_reachesEveryReplica_whenAnAdministratorAsks() throws Exception {
    try (FakeReplica one =
            FakeReplica.answering("one", "").telling("models-ready", "a:1,new+one:1");
        FakeReplica two =
            FakeReplica.answering("two", "").telling("models-ready", "a:1,new+one:1")) {
      gateway.register(one, "a:1");
      gateway.register(two, "a:1");

      HttpResponse<String> loaded =
          gateway.send(
              gateway
                  .request("/v2/repository/models/new%20one/load")
                  .header("Authorization", "Bearer secret")
                  .POST(BodyPublishers.noBody()));

      assertThat(loaded.statusCode()).isEqualTo(200);
      assertThat(loaded.body()).isEmpty();
      assertThat(loaded.headers().firstValue("Inference-Replica-Results"))
          .contains("one=200,two=200");
      for (FakeReplica replica : new FakeReplica[] {one, two}) {
        assertThat(replica.received()).hasSize(1);
        assertThat(replica.received().getFirst().uri())
            .isEqualTo("/v2/repository/models/new%20one/load");
        assertThat(replica.received().getFirst().headers()).doesNotContainKey("Authorization");
      }
    }
  }

  @Test
  void load_is200_onlyWhenThisGatewayRoutesToTheModel_andUnloadWhenItDoesNot() throws Exception {
    try (FakeReplica one =
        FakeReplica.answering("one", "{}")
            .telling("models-ready", "a:1,b:1", "started", "1", "revision", "2")) {
      gateway
          .registry()
          .register(
              "one", one.port(), Map.of("models-ready", "a:1", "started", "1", "revision", "1"));
      gateway.look();

      assertThat(changed("b", "load").statusCode()).isEqualTo(200);
      assertThat(gateway.post("/v2/models/b/infer", "{}").statusCode()).isEqualTo(200);
      // The registry still shows what was before.
      gateway.look();
      assertThat(gateway.get("/v2/models/b/ready").statusCode()).isEqualTo(200);

      one.telling("models-ready", "a:1", "started", "1", "revision", "3", "models-known", "b");
      assertThat(changed("b", "unload").statusCode()).isEqualTo(200);
      assertThat(gateway.get("/v2/models/b/ready").statusCode()).isEqualTo(503);
    }
  }

  @Test
  void load_waitsForTheRegistry_whenAReplicaDoesNotSayWhatItServes() throws Exception {
    try (FakeReplica one = FakeReplica.answering("one", "{}")) {
      gateway.register(one, "a:1");

      CompletableFuture<HttpResponse<String>> loaded = gateway.sendLater(change("b", "load"));
      Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> one.received().size() == 1);
      assertThat(loaded).isNotDone();
      gateway.register(one, "a:1,b:1");

      assertThat(loaded.join().statusCode()).isEqualTo(200);
      assertThat(gateway.post("/v2/models/b/infer", "{}").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void load_isNot200_whenTheModelIsNotRoutedTo() throws Exception {
    try (FakeReplica one = FakeReplica.answering("one", "{}").telling("models-ready", "a:1")) {
      gateway.register(one, "a:1");

      HttpResponse<String> loaded = changed("b", "load");

      assertThat(loaded.statusCode()).isEqualTo(503);
      assertThat(loaded.body())
          .contains("load of model 'b' is done, but this gateway does not route by it yet: one");
    }
  }

  private static HttpResponse<String> changed(String model, String change) throws Exception {
    return gateway.send(change(model, change));
  }

  private static HttpRequest.Builder change(String model, String change) {
    return gateway
        .request("/v2/repository/models/" + model + "/" + change)
        .header("Authorization", "Bearer secret")
        .POST(BodyPublishers.noBody());
  }

  @Test
  void unload_tellsEveryResult_whenAReplicaFails() throws Exception {
    try (FakeReplica one = FakeReplica.answering("one", "").telling("models-ready", "")) {
      gateway.register(one, "a:1");
      gateway.register("two", BrokenReplica.refusingPort(), "a:1");

      HttpResponse<String> answer =
          gateway.send(
              gateway
                  .request("/v2/repository/models/a/unload")
                  .header("Authorization", "Bearer secret")
                  .POST(BodyPublishers.noBody()));

      assertThat(answer.statusCode()).isEqualTo(ErrorCode.REPLICA_REFUSED_CHANGE.status());
      assertThat(answer.body())
          .contains("unload of model 'a' failed on 1 of 2 replicas: two no answer");
      assertThat(answer.headers().firstValue("Inference-Replica-Results"))
          .contains("one=200,two=no answer");
    }
  }

  @Test
  void administration_isClosed_withoutTheToken() throws Exception {
    try (FakeReplica one = FakeReplica.answering("one", "")) {
      gateway.register(one, "a:1");

      assertThat(gateway.post("/v2/repository/models/a/load", "").statusCode()).isEqualTo(401);
      HttpResponse<String> wrong =
          gateway.send(
              gateway
                  .request("/v2/repository/models/a/load")
                  .header("Authorization", "Bearer wrong")
                  .POST(BodyPublishers.noBody()));

      assertThat(wrong.statusCode()).isEqualTo(401);
      assertThat(wrong.headers().map()).containsKey("www-authenticate");
      assertThat(one.received()).isEmpty();
    }
  }

  @Test
  void replicaMetadata_thatIsGarbage_isIgnored() throws Exception {
    gateway
        .registry()
        .register("one", 1, Map.of("models-ready", ",,%zz:1,:,a", "models-known", "%"));
    gateway.look();

    assertThat(gateway.post("/v2/models/a/infer", "{}").statusCode()).isEqualTo(404);
  }
}
