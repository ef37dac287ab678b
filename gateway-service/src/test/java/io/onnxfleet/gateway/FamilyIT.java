package io.onnxfleet.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.ModelInBody;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Families over HTTP: who answers, and how caller and replica are told. */
class FamilyIT {

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
  void clear() {
    gateway.registry().clear();
    gateway.look();
  }

  private static void register(FakeReplica replica) {
    register(replica, "big:1,small:1", "big:two+sizes:1:c:5,small:two+sizes:0.9:c:1");
  }

  private static void register(FakeReplica replica, String ready, String families) {
    gateway
        .registry()
        .register(
            replica.id(),
            replica.port(),
            Map.of(
                "models-ready",
                ready,
                "models-known",
                "big,small,large,little",
                "models-families",
                families));
    gateway.look();
  }

  /**
   * Nobody has asked these models yet: what they take is what they state, whatever is seen later.
   */
  @Test
  void family_isAnsweredByAVariant_whichCallerAndReplicaAreTold() throws Exception {
    try (FakeReplica replica = FakeReplica.answering("r", "{}")) {
      register(replica, "large:1,little:1", "large:own+sizes:1:c:5,little:own+sizes:0.9:c:1");

      HttpResponse<String> quick =
          gateway.send(
              gateway
                  .request("/v2/models/own%20sizes/infer")
                  .header("Inference-Latency-Budget-Ms", "3")
                  .header("Inference-Variant", "forged")
                  .POST(BodyPublishers.ofString("{}")));
      HttpResponse<String> best = gateway.post("/v2/models/own%20sizes/infer?a=%20b", "{}");
      HttpResponse<String> plain = gateway.post("/v2/models/little/infer", "{}");

      assertThat(best.statusCode()).isEqualTo(200);
      assertThat(best.headers().allValues("Inference-Variant")).containsExactly("large");
      assertThat(quick.headers().allValues("Inference-Variant")).containsExactly("little");
      assertThat(plain.headers().firstValue("Inference-Variant")).isEmpty();
      assertThat(replica.received())
          .extracting(FakeReplica.Received::uri)
          .containsExactly(
              "/v2/models/little/infer",
              "/v2/models/large/infer?a=%20b",
              "/v2/models/little/infer");
      assertThat(replica.received().get(0).headers()).containsEntry("Inference-Variant", "little");
      assertThat(replica.received().get(2).headers()).doesNotContainKey("Inference-Variant");
    }
  }

  @Test
  void embeddings_areMadeByAVariant_whateverTheBodySays() throws Exception {
    try (FakeReplica replica = FakeReplica.answering("r", "{}")) {
      register(replica);
      String body = "{\"model\":\"two sizes\",\"input\":\"x\"}";

      HttpResponse<String> posted = gateway.post("/v1/embeddings", body);
      HttpResponse<String> queried = gateway.get("/v1/embeddings?model=two%20sizes&input=x");

      // What was chosen is said with a failure too.
      assertThat(posted.statusCode()).as(posted.body()).isEqualTo(200);
      assertThat(queried.statusCode()).as(queried.body()).isEqualTo(200);
      assertThat(posted.headers().allValues("Inference-Variant")).containsExactly("big");
      assertThat(queried.headers().allValues("Inference-Variant")).containsExactly("big");
      assertThat(replica.received())
          .allSatisfy(
              received -> {
                assertThat(received.uri()).isEqualTo("/v1/embeddings");
                assertThat(received.headers()).containsEntry("Inference-Variant", "big");
              });
    }
  }

  @Test
  void texts_areLeftToAnyVariant_onlyWhereTheTableSaysSo() throws Exception {
    String families = "big:f:1::5,small:f:0.9::1";
    try (FakeReplica replica = FakeReplica.answering("r", "{}")) {
      register(replica, "big:1,small:1", families);
      // The family's vectors remain those of its best variant while that is away.
      register(replica, "small:1", families);
      List<ApiCall> any = new ArrayList<>();
      List<ApiCall> comparable = new ArrayList<>();
      for (ApiCall call : ApiCall.values()) {
        if (call.modelInBody() == ModelInBody.NONE) {
          continue;
        }
        HttpResponse<String> answer = gateway.post(call.path(), "{\"model\":\"f\"}");
        if (answer.statusCode() == 200) {
          assertThat(answer.headers().allValues("Inference-Variant")).containsExactly("small");
          any.add(call);
        } else {
          assertThat(answer.statusCode()).isEqualTo(503);
          assertThat(answer.body()).contains("model 'big', whose vectors those of family 'f' are");
          comparable.add(call);
        }
      }
      assertThat(any)
          .hasSizeGreaterThan(3)
          .allMatch(call -> call.modelInBody() == ModelInBody.ANY_VARIANT);
      assertThat(comparable)
          .hasSizeGreaterThan(3)
          .allMatch(call -> call.modelInBody() == ModelInBody.COMPARABLE_VARIANT);
    }
  }

  @Test
  void questions_areAnsweredByTheBest_whenTheyAreAboutTheFamily() throws Exception {
    try (FakeReplica replica = FakeReplica.answering("r", "{}")) {
      register(replica);

      for (String action : new String[] {"", "/", "/ready", "/config"}) {
        assertThat(gateway.get("/v2/models/two%20sizes" + action).statusCode()).isEqualTo(200);
        assertThat(replica.received().getLast().uri())
            .isEqualTo("/v2/models/big" + (action.equals("/") ? "" : action));
      }
      assertThat(gateway.get("/v1/models/two%20sizes").statusCode()).isEqualTo(200);
      assertThat(replica.received().getLast().uri()).isEqualTo("/v1/models/big");
      assertThat(gateway.get("/v2/models/two%20sizes/versions/1").statusCode()).isEqualTo(404);
      assertThat(gateway.get("/v1/models").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void terms_areRefused_whenTheyMakeNoSense() throws Exception {
    try (FakeReplica replica = FakeReplica.answering("r", "{}")) {
      register(replica);

      HttpResponse<String> answer =
          gateway.send(
              gateway
                  .request("/v2/models/two%20sizes/infer")
                  .header("Inference-Min-Quality", "high")
                  .POST(BodyPublishers.ofString("{}")));

      assertThat(answer.statusCode()).isEqualTo(400);
      assertThat(answer.body())
          .isEqualTo("{\"error\":\"Inference-Min-Quality: 'high' (expected: 0 to 1)\"}");
      assertThat(replica.received()).isEmpty();
    }
  }
}
