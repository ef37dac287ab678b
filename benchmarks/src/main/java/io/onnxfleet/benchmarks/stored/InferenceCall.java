package io.onnxfleet.benchmarks.stored;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.inference.InferRequest;
import io.onnxfleet.contract.inference.InferResponse;
import io.onnxfleet.contract.inference.WireMessage;
import io.onnxfleet.contract.inference.WireTensor;
import io.onnxfleet.testing.model.StoredTensor;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Calls a server of the Open Inference Protocol with binary tensors. Thread-safe. */
final class InferenceCall implements AutoCloseable {
  static final JsonMapper JSON = JsonMapper.shared();
  private static final Duration TIMEOUT = Duration.ofMinutes(5);

  private final URI server;
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  InferenceCall(URI server) {
    this.server = server;
  }

  /** Names of what a model declares, in its order. */
  record Ports(List<String> inputs, List<String> outputs) {}

  /**
   * What a model declares.
   *
   * @throws IOException if the server does not serve it
   */
  Ports ports(String model) throws IOException, InterruptedException {
    JsonNode metadata = get(ApiCall.MODEL_METADATA.path(model, null));
    return new Ports(names(metadata.path("inputs")), names(metadata.path("outputs")));
  }

  /** What the server says of each model that it knows: its state, its provider, and so on. */
  Map<String, List<String>> health() throws IOException, InterruptedException {
    JsonNode models = get("/actuator/health").at("/components/models/details/models");
    Map<String, List<String>> health = new LinkedHashMap<>();
    models
        .properties()
        .forEach(
            model ->
                health.put(
                    model.getKey().replaceAll(":\\d+$", ""),
                    model.getValue().valueStream().map(JsonNode::asString).toList()));
    return health;
  }

  /** One answer's tensors by name. */
  Map<String, StoredTensor> infer(String model, Map<String, StoredTensor> inputs)
      throws IOException, InterruptedException {
    List<WireTensor> tensors =
        inputs.entrySet().stream()
            .map(
                input ->
                    new WireTensor(
                        input.getKey(),
                        input.getValue().type(),
                        input.getValue().shape(),
                        input.getValue().data().asReadOnlyByteBuffer()))
            .toList();
    WireMessage message = InferRequest.binary(tensors).write(true);
    HttpRequest.Builder request =
        request(ApiCall.INFER.path(model, null))
            .header("Content-Type", "application/octet-stream")
            .POST(HttpRequest.BodyPublishers.ofByteArray(message.body()));
    if (message.headerLength() != null) {
      request.header(HeaderNames.HEADER_LENGTH, message.headerLength().toString());
    }
    return outputs(send(request));
  }

  private static Map<String, StoredTensor> outputs(HttpResponse<byte[]> response) {
    WireMessage message =
        WireMessage.of(
            response.body(), response.headers().firstValue(HeaderNames.HEADER_LENGTH).orElse(null));
    Map<String, StoredTensor> outputs = new LinkedHashMap<>();
    for (WireTensor output : InferResponse.read(message).outputs()) {
      outputs.put(
          output.name(),
          new StoredTensor(output.datatype(), output.shape(), ByteString.copyFrom(output.data())));
    }
    return outputs;
  }

  private JsonNode get(String path) throws IOException, InterruptedException {
    return JSON.readTree(send(request(path)).body());
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(server.resolve(path)).timeout(TIMEOUT);
  }

  private HttpResponse<byte[]> send(HttpRequest.Builder request)
      throws IOException, InterruptedException {
    HttpResponse<byte[]> response = http.send(request.build(), BodyHandlers.ofByteArray());
    if (response.statusCode() != 200) {
      throw new IOException(
          "status %d: %s".formatted(response.statusCode(), new String(response.body(), UTF_8)));
    }
    return response;
  }

  private static List<String> names(JsonNode tensors) {
    return tensors.valueStream().map(tensor -> tensor.path("name").asString()).toList();
  }

  @Override
  public void close() {
    http.close();
  }
}
