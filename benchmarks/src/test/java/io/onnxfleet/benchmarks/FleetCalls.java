package io.onnxfleet.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Calls as any client makes them, with every answer given back whatever its status. Thread-safe.
 */
final class FleetCalls implements AutoCloseable {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final String TOKEN = "an-administrator-of-this-test-only";

  /** What a gateway is started with, so that it lets {@link #load} in. */
  static final String ADMINISTRATION = "--fleet.gateway.administration.token=" + TOKEN;

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /** An answer, and what it says of its first output. */
  record Answer(HttpResponse<String> response) {
    int status() {
      return response.statusCode();
    }

    String body() {
      return response.body();
    }

    String header(String name) {
      return response.headers().firstValue(name).orElse("");
    }

    private JsonNode output() {
      return JSON.readTree(body()).path("outputs").path(0);
    }

    List<Integer> shape() {
      return output().path("shape").valueStream().map(JsonNode::intValue).toList();
    }

    List<Float> data() {
      return output().path("data").valueStream().map(JsonNode::floatValue).toList();
    }

    /** The first vector of texts. */
    List<Float> vector() {
      return JSON.readTree(body())
          .path("data")
          .path(0)
          .path("embedding")
          .valueStream()
          .map(JsonNode::floatValue)
          .toList();
    }

    boolean isOf(List<Integer> shape, List<Float> data) {
      return status() == 200 && shape().equals(shape) && data().equals(data);
    }

    @Override
    public String toString() {
      return status() + " " + body();
    }
  }

  /** Of rows of FP32, whose input is called {@code x}. */
  Answer infer(URI base, String model, float[]... rows) throws IOException, InterruptedException {
    ObjectNode input = input("x", "FP32", rows.length, rows[0].length);
    ArrayNode data = input.putArray("data");
    for (float[] row : rows) {
      for (float value : row) {
        data.add(value);
      }
    }
    return post(base, inferPath(model), body(input));
  }

  /** What {@link OnnxFile#lookup} has in a place. */
  Answer lookUp(URI base, String model, int place) throws IOException, InterruptedException {
    ObjectNode input = input("i", "INT64", 1);
    input.putArray("data").add(place);
    return post(base, inferPath(model), body(input));
  }

  /** A square picture in binary, for {@code TinyModel.poolBeyondItsMask}. */
  Answer pool(URI base, String model, int size) throws IOException, InterruptedException {
    int bytes = size * size * Float.BYTES;
    ObjectNode picture = input("x", "FP32", 1, 1, size, size);
    picture.putObject("parameters").put("binary_data_size", bytes);
    ObjectNode mask = input("mask", "INT32", 1, 1, 1, 1);
    mask.putArray("data").add(0);
    byte[] head = body(picture, mask);
    byte[] all =
        ByteBuffer.allocate(head.length + bytes).order(ByteOrder.LITTLE_ENDIAN).put(head).array();
    return post(
        base,
        inferPath(model),
        all,
        "Inference-Header-Content-Length",
        Integer.toString(head.length));
  }

  /** Has the model loaded, and gives the status. */
  int load(URI base, String model) throws IOException, InterruptedException {
    return administer(base, model, "/load").status();
  }

  /** Has the model unloaded, and gives the status. */
  int unload(URI base, String model) throws IOException, InterruptedException {
    return administer(base, model, "/unload").status();
  }

  private Answer administer(URI base, String model, String action)
      throws IOException, InterruptedException {
    return post(
        base,
        "/v2/repository/models/" + model + action,
        new byte[0],
        "Authorization",
        "Bearer " + TOKEN);
  }

  String index(URI base) throws IOException, InterruptedException {
    return post(base, "/v2/repository/index", new byte[0]).body();
  }

  Answer get(URI base, String path, String... headers) throws IOException, InterruptedException {
    return send(HttpRequest.newBuilder(base.resolve(path)).GET(), headers);
  }

  Answer post(URI base, String path, byte[] body, String... headers)
      throws IOException, InterruptedException {
    return send(
        HttpRequest.newBuilder(base.resolve(path)).POST(BodyPublishers.ofByteArray(body)), headers);
  }

  private Answer send(HttpRequest.Builder request, String... headers)
      throws IOException, InterruptedException {
    if (headers.length > 0) {
      request.headers(headers);
    }
    return new Answer(http.send(request.timeout(LONG).build(), BodyHandlers.ofString()));
  }

  private static String inferPath(String model) {
    return "/v2/models/" + model + "/infer";
  }

  private static ObjectNode input(String name, String type, int... shape) {
    ObjectNode input = JSON.createObjectNode().put("name", name).put("datatype", type);
    ArrayNode dims = input.putArray("shape");
    for (int dim : shape) {
      dims.add(dim);
    }
    return input;
  }

  private static byte[] body(ObjectNode... inputs) {
    ObjectNode request = JSON.createObjectNode();
    ArrayNode all = request.putArray("inputs");
    for (ObjectNode input : inputs) {
      all.add(input);
    }
    return request.toString().getBytes(UTF_8);
  }

  @Override
  public void close() {
    http.close();
  }
}
