package io.onnxfleet.benchmarks.client;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.contract.api.HeaderNames;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Calls a gateway, or a replica: their REST contract is the same. Keeps connections alive; calls
 * block the calling thread for 30 s at most. An answer other than 200 is an {@link IOException}
 * with its status and message. Thread-safe.
 */
public final class FleetClient implements AutoCloseable {
  private static final JsonMapper JSON = JsonMapper.shared();
  public static final String AUTHORIZATION = "Authorization";
  public static final String BEARER = "Bearer ";

  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  /** For what can be done without. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final URI base;
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(5))
          .build();

  public FleetClient(URI base) {
    this.base = base;
  }

  /** One vector a text, in the order of the texts. */
  public List<float[]> embed(String model, List<String> texts)
      throws IOException, InterruptedException {
    ObjectNode body = JSON.createObjectNode().put("model", model);
    texts.forEach(body.putArray("input")::add);
    HttpRequest request =
        request(ApiPaths.EMBEDDINGS)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofByteArray(JSON.writeValueAsBytes(body)))
            .build();
    JsonNode document = JSON.readTree(send(request));
    List<float[]> vectors =
        document.path("data").valueStream().map(item -> vector(item.path("embedding"))).toList();
    if (vectors.size() != texts.size()) {
      throw new IOException(vectors.size() + " embeddings (expected: " + texts.size() + ")");
    }
    return vectors;
  }

  /** Sends a prepared body with binary tensors and returns the whole answer. */
  public byte[] infer(String model, BinaryRequest body) throws IOException, InterruptedException {
    HttpRequest request =
        request(ApiCall.INFER.path(model, null))
            .header(HeaderNames.HEADER_LENGTH, Integer.toString(body.headerLength()))
            .POST(HttpRequest.BodyPublishers.ofByteArray(body.bytes()))
            .build();
    return send(request);
  }

  public BatchStatistics batchStatistics(String model) throws IOException, InterruptedException {
    return BatchStatistics.parse(get(ApiCall.MODEL_STATISTICS.path(model, null)));
  }

  /** What the server says of a model's requests; null if it keeps no statistics or is too busy. */
  public @Nullable InferenceStatistics statistics(String model) throws InterruptedException {
    HttpRequest request =
        request(ApiCall.MODEL_STATISTICS.path(model, null)).timeout(PATIENCE).build();
    try {
      HttpResponse<byte[]> response = http.send(request, BodyHandlers.ofByteArray());
      return response.statusCode() == 200
          ? InferenceStatistics.parse(JSON.readTree(response.body()))
          : null;
    } catch (IOException e) {
      return null;
    }
  }

  /** What the model declares to take. */
  public List<ModelInput> inputs(String model) throws IOException, InterruptedException {
    return ModelInput.parse(get(ApiCall.MODEL_METADATA.path(model, null)));
  }

  private JsonNode get(String path) throws IOException, InterruptedException {
    return JSON.readTree(send(request(path).GET().build()));
  }

  private HttpRequest.Builder request(String path) {
    HttpRequest.Builder request = HttpRequest.newBuilder(base.resolve(path)).timeout(TIMEOUT);
    String key = apiKey();
    return key == null ? request : request.header(AUTHORIZATION, BEARER + key);
  }

  /** What a gateway that asks for keys is shown; null if nothing is. */
  public static @Nullable String apiKey() {
    return System.getenv("FLEET_API_KEY");
  }

  private byte[] send(HttpRequest request) throws IOException, InterruptedException {
    HttpResponse<byte[]> response = http.send(request, BodyHandlers.ofByteArray());
    if (response.statusCode() != 200) {
      throw new IOException(
          "%s: status %d (expected: 200) %s"
              .formatted(request.uri(), response.statusCode(), new String(response.body(), UTF_8)));
    }
    return response.body();
  }

  private static float[] vector(JsonNode array) {
    float[] vector = new float[array.size()];
    for (int i = 0; i < vector.length; i++) {
      vector[i] = array.get(i).floatValue();
    }
    return vector;
  }

  @Override
  public void close() {
    http.close();
  }
}
