package io.onnxfleet.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.gateway.admission.ByteBudget;
import io.onnxfleet.gateway.security.credential.KeyCommand;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Mono;

/** TEI's routes are calls like any other: they need credentials and count against quotas. */
class TeiIT {

  private static final String ANSWER =
      "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,\"embedding\":[0.6,0.8]}]}";

  @TempDir private Path folder;

  @Test
  void callersAreCharged_forWhatTheReplicaTook() throws Exception {
    Path keys = folder.resolve("keys");
    String key = key(keys);
    try (RunningGateway gateway =
            new RunningGateway(
                "fleet.gateway.security.keys=" + keys, "fleet.gateway.tei.models.embed=a");
        FakeReplica replica =
            new FakeReplica(
                "one",
                (request, body, response) ->
                    response
                        .header("Content-Type", "application/json")
                        .header("Inference-Units", "rows=1, tokens=199")
                        .sendString(Mono.just(ANSWER)))) {
      gateway.register(replica, "a:1");

      assertThat(embed(gateway, "wrong").statusCode()).isEqualTo(401);
      HttpResponse<String> answered = embed(gateway, key);
      assertThat(answered.statusCode()).as(answered.body()).isEqualTo(200);
      assertThat(answered.body()).isEqualTo("[[0.6,0.8]]");

      HttpResponse<String> inDebt = embed(gateway, key);
      assertThat(inDebt.statusCode()).isEqualTo(429);
      assertThat(inDebt.headers().firstValueAsLong("Retry-After").orElse(0)).isBetween(40L, 60L);
      assertThat(replica.received()).hasSize(1);
      Awaitility.await()
          .untilAsserted(() -> assertThat(gateway.bean(ByteBudget.class).reserved()).isZero());
    }
  }

  /** A tree of an answer takes many times its size, so what there is memory for is bounded. */
  @Test
  void answerThatIsTooLarge_isRefused_andChargedAllTheSame() throws Exception {
    Path keys = folder.resolve("keys");
    String key = key(keys);
    String large = "{\"data\":[{\"index\":0,\"embedding\":[" + "0.5,".repeat(80_000) + "0.5]}]}";
    try (RunningGateway gateway =
            new RunningGateway(
                "fleet.gateway.security.keys=" + keys,
                "fleet.gateway.admission.kept-bodies=4MB",
                "fleet.gateway.tei.models.embed=a");
        FakeReplica replica =
            new FakeReplica(
                "one",
                (request, body, response) ->
                    response
                        .header("Content-Type", "application/json")
                        .header("Inference-Units", "rows=1, tokens=199")
                        .sendString(Mono.just(large)))) {
      gateway.register(replica, "a:1");

      HttpResponse<String> refused = embed(gateway, key);
      assertThat(refused.statusCode()).as(refused.body()).isEqualTo(413);
      assertThat(refused.body()).contains("bytes of JSON (expected: <= ");
      assertThat(gateway.bean(ByteBudget.class).reserved()).isZero();

      assertThat(embed(gateway, key).statusCode()).isEqualTo(429);
      assertThat(replica.received()).hasSize(1);
    }
  }

  /** No tree is made of the vectors of tokens, so that many find room. */
  @Test
  void vectorsOfTokens_areCopied_andTheirMemoryIsGivenBack() throws Exception {
    String numbers = "0.5,".repeat(80_000) + "0.5";
    Path keys = folder.resolve("keys");
    String key = key(keys, "all");
    try (RunningGateway gateway =
            new RunningGateway(
                "fleet.gateway.security.keys=" + keys,
                "fleet.gateway.admission.kept-bodies=4MB",
                "fleet.gateway.tei.models.embed=a");
        FakeReplica replica =
            new FakeReplica(
                "one",
                (request, body, response) ->
                    response
                        .header("Content-Type", "application/json")
                        .sendString(
                            Mono.just(
                                "{\"data\":[{\"index\":0,\"embedding\":[[%s]]}]}"
                                    .formatted(
                                        new String(body, StandardCharsets.UTF_8).contains("many")
                                            ? String.join(
                                                ",", List.of(numbers, numbers, numbers, numbers))
                                            : numbers))))) {
      gateway.register(replica, "a:1");

      HttpResponse<String> answered = post(gateway, key, "/embed_all", "a man eats");
      assertThat(answered.statusCode()).as(answered.body()).isEqualTo(200);
      assertThat(answered.body()).isEqualTo("[[[" + numbers + "]]]");

      HttpResponse<String> refused = post(gateway, key, "/embed_all", "many men eat");
      assertThat(refused.statusCode()).as(refused.body()).isEqualTo(413);
      assertThat(refused.body()).contains("an answer that takes");
      Awaitility.await()
          .untilAsserted(() -> assertThat(gateway.bean(ByteBudget.class).reserved()).isZero());
    }
  }

  @Test
  void rights_areLookedAt_beforeABodyIsRead_andModelsAreNamedToWhoMaySeeThem() throws Exception {
    Path keys = folder.resolve("keys");
    String jobs = key(keys, "jobs", "--scope", "jobs");
    String other = key(keys, "other", "--models", "b");
    String both = key(keys, "both", "--models", "a,b");
    try (RunningGateway gateway =
        new RunningGateway(
            "fleet.gateway.security.keys=" + keys,
            "fleet.gateway.tei.models.embed=a",
            "fleet.gateway.tei.models.rerank=c")) {
      HttpResponse<String> refused = embed(gateway, jobs);
      assertThat(refused.statusCode()).as(refused.body()).isEqualTo(403);
      assertThat(info(gateway, other).statusCode()).isEqualTo(403);
      assertThat(info(gateway, other).body()).contains("error_type").doesNotContain("model_id");
      HttpResponse<String> seen = info(gateway, both);
      assertThat(seen.statusCode()).isEqualTo(200);
      assertThat(seen.body()).contains("\"a\"").doesNotContain("\"c\"");
    }
  }

  private static HttpResponse<String> info(RunningGateway gateway, String key) throws Exception {
    return gateway.send(gateway.request("/info").header("Authorization", "Bearer " + key));
  }

  private static HttpResponse<String> embed(RunningGateway gateway, String key) throws Exception {
    return post(gateway, key, "/embed", "a man eats");
  }

  private static HttpResponse<String> post(
      RunningGateway gateway, String key, String route, String text) throws Exception {
    return gateway.send(
        gateway
            .request(route)
            .header("Authorization", "Bearer " + key)
            .POST(BodyPublishers.ofString("{\"inputs\":\"" + text + "\"}")));
  }

  private static String key(Path file) {
    return key(file, "limited", "--tokens-per-minute", "100");
  }

  private static String key(Path file, String... options) {
    List<String> arguments = new ArrayList<>(List.of(options));
    arguments.addAll(1, List.of("--file", file.toString()));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int code =
        KeyCommand.run(arguments, new PrintStream(out, true, StandardCharsets.UTF_8), System.err);
    assertThat(code).isZero();
    return out.toString(StandardCharsets.UTF_8).strip();
  }
}
