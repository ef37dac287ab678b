package io.onnxfleet.benchmarks.stored;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.HeaderNames;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

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
    ObjectNode document = JSON.createObjectNode();
    ByteArrayOutputStream tail = new ByteArrayOutputStream();
    var declarations = document.putArray("inputs");
    inputs.forEach(
        (name, tensor) -> {
          ObjectNode declaration = declarations.addObject().put("name", name);
          tensor.shape().forEach(declaration.putArray("shape")::add);
          declaration.put("datatype", tensor.datatype());
          declaration.putObject("parameters").put("binary_data_size", tensor.data().length);
          tail.writeBytes(tensor.data());
        });
    document.putObject("parameters").put("binary_data_output", true);
    byte[] header = document.toString().getBytes(UTF_8);
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    body.writeBytes(header);
    body.writeBytes(tail.toByteArray());
    HttpResponse<byte[]> response =
        send(
            request(ApiCall.INFER.path(model, null))
                .header("Content-Type", "application/octet-stream")
                .header(HeaderNames.HEADER_LENGTH, Integer.toString(header.length))
                .POST(HttpRequest.BodyPublishers.ofByteArray(body.toByteArray())));
    return outputs(response);
  }

  private static Map<String, StoredTensor> outputs(HttpResponse<byte[]> response) {
    byte[] body = response.body();
    int position =
        (int) response.headers().firstValueAsLong(HeaderNames.HEADER_LENGTH).orElse(body.length);
    JsonNode document = JSON.readTree(body, 0, position);
    Map<String, StoredTensor> outputs = new LinkedHashMap<>();
    for (JsonNode output : document.path("outputs")) {
      int size = output.at("/parameters/binary_data_size").asInt();
      outputs.put(
          output.path("name").asString(),
          new StoredTensor(
              output.path("datatype").asString(),
              output.path("shape").valueStream().map(JsonNode::asLong).toList(),
              Arrays.copyOfRange(body, position, position + size)));
      position += size;
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
