package io.onnxfleet.clients.scoring;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.testing.model.TinyTextModel;
import io.onnxfleet.testing.process.FleetProcesses;
import io.onnxfleet.testing.process.Running;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A registry, a replica of a model of vectors and a seeded cross-encoder, and a gateway that wants
 * a key. Closing ends all of them.
 */
final class ScoringFleet implements AutoCloseable {
  /** Reranks by the cosine of vectors. */
  static final String VECTORS = "all-minilm-l6-v2";

  /** Reads query and document together. */
  static final String CROSS_ENCODER = "pairs";

  private static final Path ROOT = Path.of(System.getProperty("fleet.root", "../.."));
  private static final Path FOLDER = Path.of("target/fleet").toAbsolutePath();
  private static final JsonMapper JSON = JsonMapper.shared();

  private final FleetProcesses processes;
  private final HttpClient http = HttpClient.newHttpClient();
  private final URI replica;
  private final URI gateway;
  private final String key;

  /** Starts all of them, and waits until the gateway has both models. */
  ScoringFleet() throws IOException, InterruptedException {
    processes = new FleetProcesses(ROOT, FOLDER).startingSoon();
    try {
      Path keys = FOLDER.resolve("keys");
      Files.deleteIfExists(keys);
      processes.startRegistry();
      replica = processes.startReplica("replica", models()).base();
      key = processes.run("gateway-service", "key", "clients", "--file", keys.toString()).strip();
      Running keyed =
          processes.startGateway(
              "gateway", "--fleet.gateway.security.keys=" + keys.toAbsolutePath());
      gateway = keyed.base();
      for (String model : List.of(VECTORS, CROSS_ENCODER)) {
        processes.awaitOk(
            keyed, "/v2/models/" + model + "/ready", "Authorization", "Bearer " + key);
      }
    } catch (IOException | InterruptedException | RuntimeException failed) {
      close();
      throw failed;
    }
  }

  private static Path models() throws IOException {
    Path models = Files.createDirectories(FOLDER.resolve("models"));
    Path standard = ROOT.resolve("models").toRealPath().resolve(VECTORS);
    Path link = models.resolve(VECTORS);
    Files.deleteIfExists(link);
    Files.createSymbolicLink(link, standard);
    if (!Files.isDirectory(models.resolve(CROSS_ENCODER))) {
      TinyTextModel.writeHub(
          models.resolve(CROSS_ENCODER),
          TinyTextModel.ofTexts(8, -0.5f),
          """
          {"architectures":["BertForSequenceClassification"],"model_type":"bert",
           "id2label":{"0":"LABEL_0"}}
          """,
          standard.resolve("tokenizer.json"));
    }
    return models;
  }

  /** The base URL that both clients want: they post to {@code rerank} below it. */
  String base() {
    return gateway.resolve("/v1/").toString();
  }

  /** One that the gateway takes. */
  String key() {
    return key;
  }

  /** Asks the replica itself to rerank, in JSON, without a client's library. */
  JsonNode ranked(String model, String query, List<String> documents)
      throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(replica.resolve("/v2/rerank"))
            .header("Content-Type", "application/json")
            .POST(
                BodyPublishers.ofString(
                    JSON.writeValueAsString(
                        Map.of("model", model, "query", query, "documents", documents))))
            .build();
    HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return JSON.readTree(answer.body());
  }

  @Override
  public void close() {
    http.close();
    processes.close();
  }
}
