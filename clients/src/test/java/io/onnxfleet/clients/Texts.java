package io.onnxfleet.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the clients embed, and the vectors that the replica gives without any of them. */
final class Texts {
  /** The first two say the same, the third another thing. */
  static final List<String> ALL =
      List.of("The parcel is late.", "My delivery took too long.", "Bananas are yellow.");

  static final int DIMENSIONS = 384;

  /** One text alone and three in company may differ by the last bits of a float. */
  private static final float TOLERANCE = 1e-5f;

  private Texts() {}

  /** Asks the replica itself, in JSON, without a client's library. */
  static List<float[]> vectors(ClientFleet fleet) throws IOException, InterruptedException {
    JsonMapper json = JsonMapper.shared();
    URI uri = fleet.replica().resolve("/v1/embeddings");
    String body = json.writeValueAsString(Map.of("model", ClientFleet.MODEL, "input", ALL));
    HttpRequest request =
        HttpRequest.newBuilder(uri)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(body))
            .build();
    try (HttpClient http = HttpClient.newHttpClient()) {
      HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      List<float[]> vectors = floats(json.readTree(answer.body()).path("data"));
      assertThat(dot(vectors.get(0), vectors.get(1)))
          .isGreaterThan(dot(vectors.get(0), vectors.get(2)) + 0.3f);
      return vectors;
    }
  }

  private static List<float[]> floats(JsonNode data) {
    List<float[]> vectors = new ArrayList<>();
    for (JsonNode item : data) {
      vectors.add(floatsOf(item.path("embedding")));
    }
    return vectors;
  }

  /** An array of numbers. */
  static float[] floatsOf(JsonNode array) {
    float[] values = new float[array.size()];
    for (int index = 0; index < values.length; index++) {
      values[index] = array.get(index).floatValue();
    }
    return values;
  }

  private static float dot(float[] one, float[] other) {
    float sum = 0;
    for (int index = 0; index < one.length; index++) {
      sum += one[index] * other[index];
    }
    return sum;
  }

  /** Holds what a client gave to what the replica gives. */
  static void assertSame(List<float[]> actual, List<float[]> expected) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int row = 0; row < actual.size(); row++) {
      assertThat(actual.get(row)).as("row %d", row).hasSize(DIMENSIONS);
      assertThat(actual.get(row))
          .as("row %d", row)
          .usingComparatorWithPrecision(TOLERANCE)
          .containsExactly(expected.get(row));
    }
    assertThat(expected.getFirst()[0]).isNotCloseTo(0f, offset(0f));
  }
}
