package io.onnxfleet.clients;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.clients.ClientFleet.Door;
import io.onnxfleet.clients.WireConnection.Answer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What Triton's Java client writes, and what it can read: it refuses answers with keys that it does
 * not know, asks for everything in binary, sends no content type, and keeps its connection.
 */
@ExtendWith(FleetExtension.class)
class TritonJavaFleetIT {
  private static final long[] IDS = {101, 7592, 102};
  private static final long[] MASK = {1, 1, 1};
  private static final long[] TYPES = {0, 0, 0};
  private static final Set<String> ANSWER_KEYS =
      Set.of("model_name", "model_version", "id", "parameters", "outputs");
  private static final Set<String> TENSOR_KEYS =
      Set.of("name", "shape", "datatype", "parameters", "data");

  private static final String BINARY =
      """
      {"inputs":[{"name":"input_ids","shape":[1,3],"datatype":"INT64",\
      "parameters":{"binary_data_size":24}},{"name":"attention_mask","shape":[1,3],\
      "datatype":"INT64","parameters":{"binary_data_size":24}},{"name":"token_type_ids",\
      "shape":[1,3],"datatype":"INT64","parameters":{"binary_data_size":24}}],"id":"one",\
      "parameters":{"binary_data_output":true}}""";

  private static final String JSON =
      """
      {"outputs":[{"name":"last_hidden_state","parameters":{"binary_data":false}}],\
      "inputs":[{"name":"input_ids","shape":[1,3],"datatype":"INT64","parameters":{},\
      "data":[101,7592,102]},{"name":"attention_mask","shape":[1,3],"datatype":"INT64",\
      "parameters":{},"data":[1,1,1]},{"name":"token_type_ids","shape":[1,3],\
      "datatype":"INT64","parameters":{},"data":[0,0,0]}],"id":"one"}""";

  private static Answer infer(
      WireConnection connection, String path, String header, String json, long[]... tensors)
      throws IOException {
    byte[] head = json.getBytes(UTF_8);
    ByteBuffer body =
        ByteBuffer.allocate(head.length + tensors.length * IDS.length * Long.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN)
            .put(head);
    for (long[] tensor : tensors) {
      for (long value : tensor) {
        body.putLong(value);
      }
    }
    String length =
        tensors.length == 0 ? "" : "Inference-Header-Content-Length: " + head.length + "\n";
    return connection.exchange(
        """
        POST %s HTTP/1.1
        %s%sContent-Length: %d
        Host: %s
        Connection: Keep-Alive
        User-Agent: Apache-HttpAsyncClient/4.1.5 (Java/25.0.1)
        """
            .formatted(path, header, length, body.capacity(), connection.host()),
        body.array());
  }

  private static String path(String model) {
    return "/v2/models/" + model + "/infer";
  }

  private static String authorization(String key) {
    return "Authorization: Bearer " + key + "\n";
  }

  private static Set<String> keys(JsonNode object) {
    return new TreeSet<>(object.propertyNames());
  }

  /** The one output, as that client reads it. */
  private static float[] output(Answer answer) {
    assertThat(answer.status()).as("%s", answer).isEqualTo(200);
    int head =
        Integer.parseInt(
            answer
                .headers()
                .getOrDefault("inference-header-content-length", "" + answer.body().length));
    JsonNode json = JsonMapper.shared().readTree(new String(answer.body(), 0, head, UTF_8));
    assertThat(ANSWER_KEYS).containsAll(keys(json));
    assertThat(json.path("model_name").asString()).isEqualTo(ClientFleet.MODEL);
    assertThat(json.path("id").asString()).isEqualTo("one");
    assertThat(json.path("outputs")).hasSize(1);
    JsonNode tensor = json.at("/outputs/0");
    assertThat(TENSOR_KEYS).containsAll(keys(tensor));
    assertThat(tensor.path("name").asString()).isEqualTo("last_hidden_state");
    assertThat(tensor.path("shape").valueStream().map(JsonNode::intValue))
        .containsExactly(1, 3, Texts.DIMENSIONS);
    if (head == answer.body().length) {
      return Texts.floatsOf(tensor.path("data"));
    }
    int size = tensor.at("/parameters/binary_data_size").intValue();
    assertThat(answer.body().length - head).isEqualTo(size);
    float[] values = new float[size / Float.BYTES];
    ByteBuffer.wrap(answer.body(), head, size)
        .order(ByteOrder.LITTLE_ENDIAN)
        .asFloatBuffer()
        .get(values);
    return values;
  }

  @Test
  void tensors_areAnswered_inBinaryAndJson_withAndWithoutKeys(ClientFleet fleet) throws Exception {
    for (Door door : fleet.doors()) {
      try (WireConnection connection = new WireConnection(door)) {
        String key = authorization(door.key());
        String path = path(ClientFleet.MODEL);
        Answer binary = infer(connection, path, key, BINARY, IDS, MASK, TYPES);
        assertThat(binary.headers()).containsKey("inference-header-content-length");
        float[] values = output(binary);
        assertThat(values).hasSize(3 * Texts.DIMENSIONS);

        Answer json = infer(connection, path, key, JSON);
        assertThat(json.headers()).doesNotContainKey("inference-header-content-length");
        assertThat(output(json)).usingComparatorWithPrecision(1e-5f).containsExactly(values);

        String version = path.replace("/infer", "/versions/1/infer");
        assertThat(output(infer(connection, version, key, BINARY, IDS, MASK, TYPES)))
            .usingComparatorWithPrecision(1e-5f)
            .containsExactly(values);
      }
    }
  }

  /** It reads the body as one key, and throws what stands there as its own exception. */
  @Test
  void refusals_areWhatItThrows(ClientFleet fleet) throws Exception {
    for (Door door : fleet.doors()) {
      try (WireConnection connection = new WireConnection(door)) {
        String key = authorization(door.key());
        Answer unknown = infer(connection, path("nobody"), key, BINARY, IDS, MASK, TYPES);
        assertError(unknown, 404, "Request for unknown model: 'nobody' is not found");
        String short1 = BINARY.replaceFirst("\\[1,3]", "[1,4]");
        assertError(
            infer(connection, path(ClientFleet.MODEL), key, short1, IDS, MASK, TYPES),
            400,
            "input_ids");
        // The connection goes on.
        output(infer(connection, path(ClientFleet.MODEL), key, BINARY, IDS, MASK, TYPES));
      }
    }
    try (WireConnection connection = new WireConnection(fleet.keyed())) {
      for (String header : List.of("", authorization("fleet_wrong"))) {
        Answer refused =
            infer(connection, path(ClientFleet.MODEL), header, BINARY, IDS, MASK, TYPES);
        assertError(refused, 401, "credentials: ");
      }
    }
  }

  private static void assertError(Answer answer, int status, String words) {
    assertThat(answer.status()).as("%s", answer).isEqualTo(status);
    JsonNode json = JsonMapper.shared().readTree(answer.text());
    assertThat(keys(json)).containsExactly("error");
    assertThat(json.path("error").asString()).contains(words);
  }
}
