package io.onnxfleet.benchmarks;

import io.onnxfleet.benchmarks.models.CrossEncoder;
import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.engine.file.Folders;
import io.onnxfleet.testing.process.FleetProcesses;
import io.onnxfleet.testing.process.Running;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * A registry, and what is started beside it, that serve the seeded {@link CrossEncoder} on all
 * CPUs. Any thread may ask; one starts and closes.
 */
final class RerankFleet implements AutoCloseable {
  private static final JsonMapper JSON = JsonMapper.shared();

  /** Thousands of passages take longer than a call usually may. */
  private static final Duration LONGEST = Duration.ofMinutes(10);

  private final FleetProcesses processes;
  private final HttpClient http = HttpClient.newHttpClient();
  private final Path models;

  /** Starts the registry, and writes the model unless it is there. */
  RerankFleet(Path root, Path folder) throws IOException, InterruptedException {
    processes = new FleetProcesses(root, folder);
    try {
      models = Files.createDirectories(folder.resolve("models"));
      Folders.delete(models.resolve(CrossEncoder.NAME));
      CrossEncoder.write(models, tokenizer(root));
      processes.startRegistry();
    } catch (IOException | InterruptedException | RuntimeException failed) {
      close();
      throw failed;
    }
  }

  static Path tokenizer(Path root) {
    return root.resolve("models/all-minilm-l6-v2/tokenizer.json");
  }

  Path model() {
    return models.resolve(CrossEncoder.NAME).resolve("onnx/model.onnx");
  }

  /** A replica that is ready. */
  Running startReplica(String name) throws IOException, InterruptedException {
    Running replica =
        processes.startReplica(
            name, models, "--fleet.inference.cpus=" + Runtime.getRuntime().availableProcessors());
    awaitReady(replica);
    return replica;
  }

  /** A gateway that knows the replica. Unless it is told to keep answers, it keeps none. */
  Running startGateway() throws IOException, InterruptedException {
    Running gateway = processes.startGateway();
    awaitReady(gateway);
    return gateway;
  }

  private void awaitReady(Running running) throws IOException, InterruptedException {
    processes.awaitOk(running, ApiCall.MODEL_READY.path(CrossEncoder.NAME, null));
  }

  /**
   * Reranks.
   *
   * @throws IOException if the answer does not rank all passages
   */
  void rerank(Running process, String query, List<String> passages)
      throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(process.uri(ApiPaths.RERANK))
            .timeout(LONGEST)
            .header("Content-Type", "application/json")
            .header(HeaderNames.DEADLINE_MILLIS, Long.toString(LONGEST.toMillis()))
            .POST(
                BodyPublishers.ofString(
                    JSON.writeValueAsString(
                        Map.of("model", CrossEncoder.NAME, "query", query, "documents", passages))))
            .build();
    HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
    if (answer.statusCode() != 200
        || JSON.readTree(answer.body()).path("results").size() != passages.size()) {
      throw new IOException(
          "rerank: %d %s (expected: 200 and %d results)"
              .formatted(
                  answer.statusCode(),
                  answer.body().substring(0, Math.min(200, answer.body().length())),
                  passages.size()));
    }
  }

  @Override
  public void close() {
    http.close();
    processes.close();
  }
}
