package io.onnxfleet.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import io.onnxfleet.testing.process.FleetProcesses;
import io.onnxfleet.testing.process.Running;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Files and batches of OpenAI's client for Node, on a fleet with a secret whose gateway wants keys:
 * a registry, a gateway, a replica and a job service.
 */
class OpenAiNodeJobsFleetIT {
  private static final Path ROOT = Path.of(System.getProperty("fleet.root", ".."));
  private static final Path FOLDER = Path.of("target/jobs-fleet").toAbsolutePath();
  private static final String GATEWAY = "gateway-service";
  private static final String SECRET = "--fleet.secret=0123456789abcdef0123456789abcdef";
  private static final String WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  private static final String OTHER_SECRET = "whsec_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
  private static final int LINES = 450;

  @BeforeAll
  static void install() throws Exception {
    NodeScripts.install();
    if (Files.isDirectory(FOLDER)) {
      try (Stream<Path> files = Files.walk(FOLDER)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
    Files.createDirectories(FOLDER);
  }

  private static String key(FleetProcesses processes, String name)
      throws IOException, InterruptedException {
    return processes
        .run(
            GATEWAY,
            "key",
            name,
            "--scope",
            "infer,jobs",
            "--file",
            FOLDER.resolve("keys").toString())
        .strip();
  }

  @Test
  void filesAndBatches_areTheClientsOwn_toTheEnd() throws Exception {
    try (WebhookReceiver receiver = new WebhookReceiver();
        FleetProcesses processes =
            new FleetProcesses(ROOT, FOLDER.resolve("logs"), SECRET).startingSoon()) {
      processes.startRegistry();
      String alice = key(processes, "alice");
      String bob = key(processes, "bob");
      Running gateway =
          processes.startGateway(
              "gateway", "--fleet.gateway.security.keys=" + FOLDER.resolve("keys"));
      processes.startReplica("replica");
      processes.startJobs(
          "jobs",
          FOLDER.resolve("store"),
          "--fleet.jobs.webhooks.endpoints.client.url=" + receiver.url(),
          "--fleet.jobs.webhooks.endpoints.client.secrets=" + WEBHOOK_SECRET,
          "--fleet.jobs.webhooks.endpoints.client.owners=key:alice",
          "--fleet.jobs.webhooks.private-networks=127.0.0.0/8");
      String[] authorization = {"Authorization", "Bearer " + alice};
      processes.awaitOk(gateway, "/v2/models/" + ClientFleet.MODEL + "/ready", authorization);
      processes.awaitOk(gateway, "/v1/batches", authorization);

      JsonNode said =
          JsonMapper.shared()
              .readTree(
                  NodeScripts.run(
                      List.of(
                          "node",
                          "batches.mjs",
                          gateway.base().resolve("/v1").toString(),
                          alice,
                          bob,
                          ClientFleet.MODEL,
                          Integer.toString(LINES))));
      requireAnswered(said);
      requireCancelled(said);
      assertThat(said.path("listed")).isEqualTo(said.path("batches"));
      assertThat(said.path("files").size()).isGreaterThanOrEqualTo(4);
      assertThat(said.path("retrieved")).isEqualTo(said.path("file"));
      for (String refusal : List.of("otherFile", "otherBatch", "gone")) {
        assertThat(said.at("/" + refusal + "/type").asString()).isEqualTo("NotFoundError");
      }
      assertThat(said.path("otherListed").intValue()).isZero();
      assertThat(said.at("/wrongInput/type").asString()).isEqualTo("BadRequestError");
      assertThat(said.at("/deleted/deleted").booleanValue()).isTrue();
      requireTold(processes, receiver, said);
    }
  }

  /** A webhook for each batch, which the client takes with the right secret alone. */
  private static void requireTold(FleetProcesses processes, WebhookReceiver receiver, JsonNode said)
      throws Exception {
    processes.await("a webhook for each batch", () -> receiver.received().size() >= 3);
    List<String> told = new ArrayList<>();
    for (WebhookReceiver.Received received : receiver.received()) {
      JsonNode read =
          JsonMapper.shared()
              .readTree(
                  NodeScripts.run(
                      List.of(
                          "node",
                          "webhooks.mjs",
                          received.headers(),
                          received.body(),
                          WEBHOOK_SECRET,
                          OTHER_SECRET)));
      assertThat(read.path("refused").asString()).isEqualTo("InvalidWebhookSignatureError");
      assertThat(read.at("/event/object").asString()).isEqualTo("event");
      told.add(read.at("/event/type").asString() + " " + read.at("/event/data/id").asString());
    }
    assertThat(told)
        .containsExactlyInAnyOrder(
            "batch.completed " + said.at("/created/id").asString(),
            "batch.cancelled " + said.at("/cancelled/id").asString(),
            "batch.completed " + said.at("/batches/0").asString());
  }

  private static void requireAnswered(JsonNode said) {
    JsonNode done = said.path("done");
    assertThat(done.path("status").asString()).as("%s", done).isEqualTo("completed");
    assertThat(done.at("/metadata/team").asString()).isEqualTo("a");
    assertThat(done.at("/request_counts/total").intValue()).isEqualTo(LINES);
    assertThat(done.at("/request_counts/failed").intValue()).isEqualTo(LINES / 10);
    assertThat(done.at("/usage/total_tokens").intValue()).isGreaterThan(LINES);
    List<String> answered = new ArrayList<>();
    List<String> refused = new ArrayList<>();
    for (int line = 0; line < LINES; line++) {
      (line % 10 == 9 ? refused : answered).add("n" + line);
    }
    assertThat(ids(said.path("output"))).isEqualTo(answered);
    assertThat(ids(said.path("errors"))).isEqualTo(refused);
    for (JsonNode error : said.path("errors")) {
      assertThat(error.at("/response/status_code").intValue()).isEqualTo(404);
      assertThat(error.at("/response/body/error/code").asString()).isEqualTo("model_not_found");
    }
    JsonNode first = said.at("/output/0/response/body/data/0/embedding");
    assertThat(first.size()).isEqualTo(384);
    for (int index = 0; index < first.size(); index++) {
      assertThat(first.get(index).floatValue())
          .isEqualTo(said.path("direct").get(index).floatValue(), offset(1e-4f));
    }
  }

  private static void requireCancelled(JsonNode said) {
    assertThat(said.path("cancelling").asString()).isEqualTo("cancelling");
    assertThat(said.at("/cancelled/status").asString()).isEqualTo("cancelled");
    int total = said.at("/cancelled/request_counts/total").intValue();
    assertThat(said.path("cancelledLines").intValue()).isEqualTo(total == 0 ? 0 : LINES);
  }

  private static List<String> ids(JsonNode lines) {
    return lines.valueStream().map(line -> line.path("custom_id").asString()).toList();
  }
}
