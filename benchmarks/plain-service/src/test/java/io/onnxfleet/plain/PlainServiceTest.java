package io.onnxfleet.plain;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The baseline answers rightly, else its figures would mean nothing. Its model adds x to itself.
 */
@SpringBootTest(
    webEnvironment = WebEnvironment.RANDOM_PORT,
    properties = "plain.models=src/test/resources/models")
class PlainServiceTest {
  private static final String VALUES = "1,2,3,4,5,6,7,8,0.5,-1,0,0,0,0,0,1.25";
  private static final float[] SUMS = {2, 4, 6, 8, 10, 12, 14, 16, 1, -2, 0, 0, 0, 0, 0, 2.5f};

  private final HttpClient http = HttpClient.newHttpClient();
  @LocalServerPort private int port;

  @Test
  void infer_answersInJson_whenAskedInJson() throws Exception {
    String body =
        "{\"inputs\":[{\"name\":\"x\",\"shape\":[2,8],\"datatype\":\"FP32\",\"data\":[%s]}]}"
            .formatted(VALUES);

    var output =
        JsonMapper.shared()
            .readTree(send(post(body.getBytes(UTF_8))).body())
            .path("outputs")
            .path(0);

    assertThat(output.path("name").asString()).isEqualTo("y");
    assertThat(output.path("shape").valueStream().map(node -> node.asLong()))
        .containsExactly(2L, 8L);
    assertThat(output.path("data").size()).isEqualTo(SUMS.length);
    for (int i = 0; i < SUMS.length; i++) {
      assertThat(output.path("data").path(i).floatValue()).isEqualTo(SUMS[i]);
    }
  }

  @Test
  void infer_answersInBinary_whenAskedInBinary() throws Exception {
    String header =
        """
        {"inputs":[{"name":"x","shape":[2,8],"datatype":"FP32","parameters":{"binary_data_size":64}}],
        "parameters":{"binary_data_output":true}}""";
    ByteBuffer body = ByteBuffer.allocate(header.length() + 64).order(ByteOrder.LITTLE_ENDIAN);
    body.put(header.getBytes(UTF_8));
    for (String value : VALUES.split(",", -1)) {
      body.putFloat(Float.parseFloat(value));
    }

    HttpResponse<byte[]> response =
        send(
            post(body.array())
                .header("Inference-Header-Content-Length", Integer.toString(header.length())));

    int headerLength =
        Math.toIntExact(
            response.headers().firstValueAsLong("Inference-Header-Content-Length").orElseThrow());
    float[] sums = new float[SUMS.length];
    ByteBuffer.wrap(response.body(), headerLength, 64)
        .order(ByteOrder.LITTLE_ENDIAN)
        .asFloatBuffer()
        .get(sums);
    assertThat(sums).isEqualTo(SUMS);
  }

  @Test
  void metadata_declareTheInput() throws Exception {
    var metadata =
        JsonMapper.shared().readTree(send(HttpRequest.newBuilder(uri(""))).body()).path("inputs");

    assertThat(metadata.toString())
        .isEqualTo("[{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[-1,8]}]");
    assertThat(send(HttpRequest.newBuilder(uri("-other"))).statusCode()).isEqualTo(404);
  }

  @ParameterizedTest
  @ValueSource(strings = {"all-minilm-l6-v2", "all-minilm-l6-v2-int8"})
  void embeddings_areThoseOfTheTexts(String model) throws Exception {
    String body =
        """
        {"model": "%s", "input": ["A cat sat on the mat.", "A kitten lay on the rug.",
        "Interest rates rose again."]}"""
            .formatted(model);
    HttpResponse<byte[]> response =
        send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/v1/embeddings"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body)));

    double[][] vectors =
        JsonMapper.shared()
            .readTree(response.body())
            .path("data")
            .valueStream()
            .map(
                item ->
                    item.path("embedding").valueStream().mapToDouble(JsonNode::asDouble).toArray())
            .toArray(double[][]::new);
    assertThat(vectors).hasNumberOfRows(3);
    assertThat(vectors[0]).hasSize(384);
    assertThat(product(vectors[0], vectors[0])).isCloseTo(1, offset(1e-4));
    assertThat(product(vectors[0], vectors[1]))
        .isGreaterThan(0.4)
        .isGreaterThan(product(vectors[0], vectors[2]) + 0.3);
  }

  private static double product(double[] left, double[] right) {
    return IntStream.range(0, left.length).mapToDouble(i -> left[i] * right[i]).sum();
  }

  private HttpRequest.Builder post(byte[] body) {
    return HttpRequest.newBuilder(uri("/infer"))
        .header("Content-Type", "application/octet-stream")
        .POST(HttpRequest.BodyPublishers.ofByteArray(body));
  }

  private URI uri(String path) {
    return URI.create("http://127.0.0.1:" + port + "/v2/models/tiny-add" + path);
  }

  private HttpResponse<byte[]> send(HttpRequest.Builder request)
      throws IOException, InterruptedException {
    return http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
  }
}
