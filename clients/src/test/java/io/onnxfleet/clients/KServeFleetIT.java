package io.onnxfleet.clients;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.clients.ClientFleet.Door;
import io.onnxfleet.clients.WireConnection.Answer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What KServe's client for REST writes through httpx: the model's name and an id in each request, a
 * content type in small letters, and answers that may be compressed. It reads an error's reason
 * only if the content type is exactly {@code application/json}.
 */
@ExtendWith(FleetExtension.class)
class KServeFleetIT {
  private static final String ID = "c9c6c0b4-7b0b-4b5b-8f0a-2f6c5f3d1e2a";
  private static final String INPUT = "{\"name\":\"%s\",\"shape\":[1,3],\"datatype\":\"INT64\",%s}";

  private static Answer get(WireConnection connection, String path, String key) throws IOException {
    return connection.exchange(head("GET", path, connection) + authorization(key), new byte[0]);
  }

  private static Answer post(
      WireConnection connection, String path, String key, String headers, byte[] body)
      throws IOException {
    return connection.exchange(
        head("POST", path, connection)
            + authorization(key)
            + headers
            + "Content-Length: "
            + body.length,
        body);
  }

  private static String head(String method, String path, WireConnection connection) {
    return """
        %s %s HTTP/1.1
        Host: %s
        Accept: */*
        Accept-Encoding: gzip, deflate
        Connection: keep-alive
        User-Agent: python-httpx/0.28.1
        """
        .formatted(method, path, connection.host());
  }

  private static String authorization(String key) {
    return key.isEmpty() ? "" : "Authorization: Bearer " + key + "\n";
  }

  private static String request(String ids, String mask, String types, String more) {
    return "{\"id\":\""
        + ID
        + "\",\"model_name\":\""
        + ClientFleet.MODEL
        + "\",\"inputs\":["
        + String.join(
            ",",
            INPUT.formatted("input_ids", ids),
            INPUT.formatted("attention_mask", mask),
            INPUT.formatted("token_type_ids", types))
        + "]"
        + more
        + "}";
  }

  private static byte[] json(String more) {
    return request("\"data\":[101,7592,102]", "\"data\":[1,1,1]", "\"data\":[0,0,0]", more)
        .getBytes(UTF_8);
  }

  private static Answer inferJson(WireConnection connection, String model, String key, String more)
      throws IOException {
    return post(
        connection,
        "/v2/models/" + model + "/infer",
        key,
        "content-type: application/json\n",
        json(more));
  }

  private static Answer inferBinary(WireConnection connection, String key) throws IOException {
    String size = "\"parameters\":{\"binary_data_size\":24}";
    byte[] head =
        request(size, size, size, ",\"parameters\":{\"binary_data_output\":true}").getBytes(UTF_8);
    ByteBuffer body =
        ByteBuffer.allocate(head.length + 9 * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).put(head);
    for (long value : new long[] {101, 7592, 102, 1, 1, 1, 0, 0, 0}) {
      body.putLong(value);
    }
    return post(
        connection,
        "/v2/models/" + ClientFleet.MODEL + "/infer",
        key,
        "inference-header-content-length: "
            + head.length
            + "\ncontent-type: application/octet-stream\n",
        body.array());
  }

  @Test
  void health_isTold_asItReadsIt(ClientFleet fleet) throws Exception {
    for (Door door : fleet.doors()) {
      try (WireConnection connection = new WireConnection(door)) {
        assertThat(body(get(connection, "/v2/health/live", "")).path("live").booleanValue())
            .isTrue();
        assertThat(body(get(connection, "/v2/health/ready", "")).path("ready").booleanValue())
            .isTrue();
        String model = "/v2/models/" + ClientFleet.MODEL + "/ready";
        assertThat(get(connection, model, door.key()).status()).isEqualTo(200);
        assertThat(get(connection, "/v2/models/nobody/ready", door.key()).status()).isEqualTo(404);
      }
    }
  }

  @Test
  void tensors_areAnswered_inBinaryAndJson_withAndWithoutKeys(ClientFleet fleet) throws Exception {
    for (Door door : fleet.doors()) {
      try (WireConnection connection = new WireConnection(door)) {
        JsonNode plain = body(inferJson(connection, ClientFleet.MODEL, door.key(), ""));
        assertThat(plain.path("id").asString()).isEqualTo(ID);
        assertThat(plain.path("model_name").asString()).isEqualTo(ClientFleet.MODEL);
        float[] values = Texts.floatsOf(plain.at("/outputs/0/data"));
        assertThat(values).hasSize(3 * Texts.DIMENSIONS);

        String wanted = ",\"outputs\":[{\"name\":\"last_hidden_state\"}]";
        JsonNode chosen = body(inferJson(connection, ClientFleet.MODEL, door.key(), wanted));
        assertThat(Texts.floatsOf(chosen.at("/outputs/0/data")))
            .usingComparatorWithPrecision(1e-5f)
            .containsExactly(values);

        Answer binary = inferBinary(connection, door.key());
        assertThat(binary.status()).as("%s", binary).isEqualTo(200);
        int head = Integer.parseInt(binary.headers().get("inference-header-content-length"));
        JsonNode described =
            JsonMapper.shared().readTree(new String(binary.body(), 0, head, UTF_8));
        int size = described.at("/outputs/0/parameters/binary_data_size").intValue();
        float[] raw = new float[size / Float.BYTES];
        ByteBuffer.wrap(binary.body(), head, size)
            .order(ByteOrder.LITTLE_ENDIAN)
            .asFloatBuffer()
            .get(raw);
        assertThat(raw).usingComparatorWithPrecision(1e-5f).containsExactly(values);
      }
    }
  }

  @Test
  void refusals_haveAReason_thatItCanRead(ClientFleet fleet) throws Exception {
    for (Door door : fleet.doors()) {
      try (WireConnection connection = new WireConnection(door)) {
        assertError(inferJson(connection, "nobody", door.key(), ""), 404, "'nobody' is not found");
      }
    }
    try (WireConnection connection = new WireConnection(fleet.keyed())) {
      assertError(
          inferJson(connection, ClientFleet.MODEL, "fleet_wrong", ""), 401, "not known here");
      assertError(inferBinary(connection, ""), 401, "credentials: none");
    }
  }

  private static JsonNode body(Answer answer) {
    assertThat(answer.status()).as("%s", answer).isEqualTo(200);
    return JsonMapper.shared().readTree(answer.text());
  }

  private static void assertError(Answer answer, int status, String words) {
    assertThat(answer.status()).as("%s", answer).isEqualTo(status);
    assertThat(answer.headers()).containsEntry("content-type", "application/json");
    assertThat(JsonMapper.shared().readTree(answer.text()).path("error").asString())
        .contains(words);
  }
}
