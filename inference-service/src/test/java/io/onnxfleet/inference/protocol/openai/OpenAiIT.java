package io.onnxfleet.inference.protocol.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.catalog.ModelIndexEntry;
import io.onnxfleet.engine.catalog.ModelState;
import io.onnxfleet.inference.InferenceService;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;

/** The endpoints over HTTP, with the real model. */
@SpringBootTest(
    classes = InferenceService.class,
    webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
    properties = "eureka.client.enabled=false")
class OpenAiIT {
  private static final String MODEL = "all-minilm-l6-v2";
  private static final ObjectMapper JSON = JsonMapper.shared();
  private static final HttpClient client = HttpClient.newHttpClient();

  @TempDir private static Path repository;

  @LocalServerPort private int port;
  @Autowired private InferenceEngine engine;

  @DynamicPropertySource
  static void fillRepository(DynamicPropertyRegistry properties) throws IOException {
    Path models = Path.of(System.getProperty("fleet.root", ".."), "models").toRealPath();
    Files.createSymbolicLink(repository.resolve(MODEL), models.resolve(MODEL));
    for (String name : List.of("without-tokenizer", "broken-tokenizer")) {
      Path folder = Files.createDirectory(repository.resolve(name));
      Files.createSymbolicLink(
          folder.resolve("1"), models.resolve("all-minilm-l6-v2-int8").resolve("1"));
    }
    Files.writeString(repository.resolve("broken-tokenizer").resolve("tokenizer.json"), "{}");
    properties.add("fleet.inference.models", repository::toString);
  }

  @BeforeEach
  void awaitModels() throws InterruptedException {
    CountDownLatch loaded = new CountDownLatch(1);
    Runnable check =
        () -> {
          if (engine.index().stream().filter(OpenAiIT::isReady).count() == 3) {
            loaded.countDown();
          }
        };
    engine.onChange(check);
    check.run();
    assertThat(loaded.await(5, TimeUnit.MINUTES)).isTrue();
  }

  private static boolean isReady(ModelIndexEntry entry) {
    return entry.state() == ModelState.READY;
  }

  @AfterEach
  void nothingIsHeld() {
    // An answer may reach its caller a moment before the replica gives its tensors up.
    await().untilAsserted(() -> assertThat(engine.bufferPool().usage().buffersInUse()).isZero());
  }

  @Test
  void embeddings_areOpenAisShape() {
    HttpResponse<String> response = post(Map.of("model", MODEL, "input", "Hello, world"));

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type")).contains("application/json");
    assertThat(response.body())
        .startsWith("{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,")
        .endsWith(
            "],\"model\":\"all-minilm-l6-v2\",\"usage\":{\"prompt_tokens\":5,\"total_tokens\":5}}");
    assertThat(vectors(response).getFirst()).hasSize(384);
  }

  @Test
  void embeddings_areOfTheGatewaysChoice_whateverTheBodyNames() {
    HttpRequest asked =
        request("POST", "/v1/embeddings", body(Map.of("model", "a family", "input", "Hello")));

    HttpResponse<String> response =
        send(
            HttpRequest.newBuilder(asked, (n, v) -> true)
                .header("Inference-Variant", MODEL)
                .build());

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body()).contains("\"model\":\"all-minilm-l6-v2\"");
  }

  @Test
  void embeddings_areOfTheVersionThatTheGatewayChose() {
    HttpRequest asked = request("POST", "/v1/embeddings", body(Map.of("input", "Hello")));
    HttpRequest described = request("GET", "/v1/models/" + MODEL, "");

    assertThat(send(chosen(asked, 1)).body()).contains("\"model\":\"all-minilm-l6-v2\"");
    assertThat(send(chosen(described, 1)).statusCode()).isEqualTo(200);
    for (HttpRequest request : List.of(asked, described)) {
      HttpResponse<String> absent = send(chosen(request, 7));
      assertThat(absent.statusCode()).isEqualTo(404);
      assertThat(absent.body()).contains("version 7");
    }
  }

  private static HttpRequest chosen(HttpRequest request, int version) {
    return HttpRequest.newBuilder(request, (name, value) -> true)
        .header("Inference-Variant", MODEL + ":" + version)
        .header("Inference-Variant-Version", Integer.toString(version))
        .build();
  }

  @Test
  void embeddings_putLikeSentencesNearEachOther() {
    List<float[]> vectors =
        vectors(
            post(
                Map.of(
                    "input",
                    List.of(
                        "A man is eating food.",
                        "A man is eating a piece of bread.",
                        "A monkey is playing drums."))));

    assertThat(dot(vectors.get(0), vectors.get(0))).isCloseTo(1, within(1e-5));
    assertThat(dot(vectors.get(0), vectors.get(1))).isGreaterThan(0.7);
    assertThat(dot(vectors.get(0), vectors.get(2))).isLessThan(0.2);
  }

  @Test
  void embeddings_areTheSameBits_whenBase64IsAskedFor() {
    String text = "the same vector in both forms";
    JsonNode base64 =
        json(post(Map.of("input", text, "encoding_format", "base64"))).at("/data/0/embedding");
    float[] decoded = new float[384];
    ByteBuffer.wrap(Base64.getDecoder().decode(base64.asString()))
        .order(ByteOrder.LITTLE_ENDIAN)
        .asFloatBuffer()
        .get(decoded);

    assertThat(vectors(post(Map.of("input", text))).getFirst()).containsExactly(decoded);
  }

  @Test
  void embeddings_takeTokens_asTheTextTheyAreOf() {
    HttpResponse<String> text = post(Map.of("input", "hello world"));

    assertThat(vectors(post("{\"input\":[101,7592,2088,102]}")).getFirst())
        .containsExactly(vectors(text).getFirst(), within(1e-5f));
    HttpResponse<String> both = post("{\"input\":[[101,7592,2088,102],[101,7592,102]]}");
    assertThat(vectors(both)).hasSize(2);
    assertThat(json(both).at("/usage/total_tokens").asInt()).isEqualTo(4 + 3);
  }

  @Test
  void embeddings_areCutAndScaled_whenDimensionsAreAskedFor() {
    float[] whole = vectors(post(Map.of("input", "short"))).getFirst();
    float[] cut = vectors(post(Map.of("input", "short", "dimensions", 100))).getFirst();

    assertThat(cut).hasSize(100);
    assertThat(dot(cut, cut)).isCloseTo(1, within(1e-5));
    assertThat((double) cut[0] / whole[0]).isCloseTo((double) cut[99] / whole[99], within(1e-3));
    assertRefused(
        post(Map.of("input", "short", "dimensions", 385)),
        400,
        "invalid_request_error",
        "dimensions",
        null,
        "dimensions: 385 (expected: 1 to 384)");
  }

  @Test
  void embeddings_keepEveryWord_whenTextIsLong() {
    String start = "the harbour was quiet and the weather was mild ".repeat(1_100);
    HttpResponse<String> one = post(Map.of("input", start + "until the pirates came"));
    HttpResponse<String> other = post(Map.of("input", start + "and nothing happened"));

    assertThat(json(one).at("/usage/prompt_tokens").asInt()).isGreaterThan(9_900);
    assertThat(dot(vectors(one).getFirst(), vectors(other).getFirst())).isBetween(0.9, 0.9999999);
  }

  @Test
  void embeddings_areTheSame_whoeverSharesTheBatch() {
    List<String> texts =
        IntStream.range(0, 48)
            .mapToObj(i -> "sentence number " + i + " goes on".repeat(1 + i % 7 * 3))
            .toList();
    List<float[]> alone = new ArrayList<>();
    for (String text : texts) {
      alone.add(vectors(post(Map.of("input", text))).getFirst());
    }

    List<CompletableFuture<HttpResponse<String>>> together =
        texts.stream()
            .map(
                text ->
                    client.sendAsync(
                        request("POST", "/v1/embeddings", body(Map.of("input", text))),
                        HttpResponse.BodyHandlers.ofString()))
            .toList();
    List<float[]> inOne = vectors(post(Map.of("input", texts)));

    for (int index = 0; index < texts.size(); index++) {
      assertThat(vectors(together.get(index).join()).getFirst())
          .containsExactly(alone.get(index), within(1e-5f));
      assertThat(inOne.get(index)).containsExactly(alone.get(index), within(1e-5f));
    }
  }

  @Test
  void embeddings_takeAnyCharacters() {
    HttpResponse<String> response =
        post("{\"input\":[\" \",\"\\ud83d\\ude00\",\"\\u0000\",\"\\ud83d\",\"\\u202e\\u0007\"]}");

    assertThat(vectors(response))
        .hasSize(5)
        .allSatisfy(vector -> assertThat(dot(vector, vector)).isCloseTo(1, within(1e-5)));
  }

  @Test
  void embeddings_sayWhatIsWrong_inOpenAisShape() {
    String invalid = "invalid_request_error";
    assertRefused(
        post(Map.of("input", "a", "model", "gpt")),
        404,
        invalid,
        "model",
        "model_not_found",
        "gpt");
    assertRefused(
        post(Map.of("input", "a", "model", "without-tokenizer")),
        400,
        invalid,
        "model",
        "unsupported_feature",
        "model 'without-tokenizer' does not serve text: no tokenizer.json beside it");
    assertRefused(
        post(Map.of("input", "a", "model", "broken-tokenizer")),
        500,
        "server_error",
        null,
        "model_load_failed",
        "tokenizer.json: vocabulary");
    assertRefused(post(Map.of("input", "")), 400, invalid, "input", null, "an empty string");
    assertRefused(
        post("{\"input\":[101,30522,102]}"), 400, invalid, "input", null, "input[0]: token 30522");
    assertRefused(
        post("{\"input\":[[9906,1917]]}"),
        400,
        invalid,
        "input",
        null,
        "check_embedding_ctx_length=False");
    assertRefused(post("{\"input\":"), 400, invalid, null, null, "JSON, line 1");
    assertRefused(post(""), 400, invalid, null, null, "body: nothing");
  }

  @Test
  void embeddings_sayWhatWasIgnored_andHowManyWindowsThereWere() {
    HttpResponse<String> response =
        post(Map.of("input", List.of("a", "b ".repeat(400)), "user", "u", "input_type", "query"));

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Inference-Ignored").orElse("").split(", "))
        .containsExactlyInAnyOrder("user", "input_type");
    assertThat(response.headers().firstValue("Inference-Windows")).contains("1, 2");
    assertThat(post(Map.of("input", "a")).headers().firstValue("Inference-Ignored")).isEmpty();
    assertRefused(
        post(Map.of("input", "b ".repeat(400), "truncate", "NONE")),
        400,
        "invalid_request_error",
        "input",
        null,
        "input[0]: 402 tokens (expected: <= 256");
    assertRefused(
        post(Map.of("input", "a", "prompt_name", "query")),
        400,
        "invalid_request_error",
        "prompt_name",
        null,
        "model 'all-minilm-l6-v2' has no prompts");
  }

  @Test
  void embeddings_keepTheirLength_whenTheyAreNotToBeNormalized() {
    float[] unit = vectors(post(Map.of("input", "short"))).getFirst();
    float[] raw = vectors(post(Map.of("input", "short", "normalize", false))).getFirst();

    double length = Math.sqrt(dot(raw, raw));
    assertThat(length).isGreaterThan(1.5);
    assertThat(dot(unit, raw) / length).isCloseTo(1, within(1e-5));
  }

  @Test
  void embeddings_heedTheDeadline() {
    HttpRequest late =
        HttpRequest.newBuilder(
                request("POST", "/v1/embeddings", "{\"input\":\"a\"}"), (_, _) -> true)
            .header("Inference-Deadline-Ms", "0")
            .build();
    HttpRequest wrong =
        HttpRequest.newBuilder(
                request("POST", "/v1/embeddings", "{\"input\":\"a\"}"), (_, _) -> true)
            .header("Inference-Deadline-Ms", "soon")
            .build();

    assertRefused(send(late), 504, "server_error", null, "deadline_exceeded", "deadline");
    assertRefused(
        send(wrong), 400, "invalid_request_error", null, null, "Inference-Deadline-Ms: 'soon'");
  }

  @Test
  void models_areThoseThatAreReady() {
    JsonNode list = json(send(request("GET", "/v1/models", "")));

    assertThat(list.get("object").asString()).isEqualTo("list");
    assertThat(list.get("data").valueStream().map(model -> model.get("id").asString()))
        .containsExactly(MODEL, "broken-tokenizer", "without-tokenizer");
    JsonNode model = json(send(request("GET", "/v1/models/" + MODEL, "")));
    assertThat(model.get("id")).isEqualTo(list.at("/data/0/id"));
    assertThat(list.at("/data/0").propertyNames())
        .containsExactly("id", "object", "created", "owned_by", "task");
    assertThat(model.get("object").asString()).isEqualTo("model");
    assertThat(model.get("created").asLong()).isPositive();
    assertThat(model.propertyNames())
        .containsExactly("id", "object", "created", "owned_by", "task", "embedding");
    JsonNode embedding = model.get("embedding");
    assertThat(embedding.get("pooling").asString()).isEqualTo("mean");
    assertThat(embedding.get("pooling_source").asString()).contains("by the file's content");
    assertThat(embedding.get("max_sequence_length").asInt()).isEqualTo(256);
    assertThat(embedding.get("notes")).isEmpty();
    assertThat(
            json(send(request("GET", "/v1/models/without-tokenizer", "")))
                .get("embedding_refused")
                .asString())
        .contains("no tokenizer.json beside it");
    assertRefused(
        send(request("GET", "/v1/models/gpt", "")),
        404,
        "invalid_request_error",
        "model",
        "model_not_found",
        "gpt");
  }

  @Test
  void otherPathsAndMethods_areRefused_inOpenAisShape() {
    String invalid = "invalid_request_error";
    assertRefused(
        send(request("GET", "/v1/chat/completions", "")),
        404,
        invalid,
        null,
        "unknown_path",
        "/v1/chat/completions");
    assertRefused(send(request("GET", "/v1", "")), 404, invalid, null, "unknown_path", "/v1");
    HttpResponse<String> get = send(request("GET", "/v1/embeddings", ""));
    assertRefused(get, 405, invalid, null, "method_not_allowed", "GET");
    assertThat(get.headers().firstValue("Allow")).contains("POST");
    assertRefused(
        send(request("DELETE", "/v1/models", "")),
        405,
        invalid,
        null,
        "method_not_allowed",
        "DELETE");
  }

  @Test
  void embeddings_comeAndGoCompressed() throws IOException {
    byte[] compressed = gzip("{\"input\":\"compressed\"}".getBytes(StandardCharsets.UTF_8));
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/v1/embeddings"))
            .header("Content-Encoding", "gzip")
            .header("Accept-Encoding", "gzip")
            .POST(HttpRequest.BodyPublishers.ofByteArray(compressed))
            .build();

    HttpResponse<byte[]> response =
        client.sendAsync(request, HttpResponse.BodyHandlers.ofByteArray()).join();

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Encoding")).contains("gzip");
    JsonNode body = JSON.readTree(new GZIPInputStream(new ByteArrayInputStream(response.body())));
    assertThat(body.at("/data/0/embedding")).hasSize(384);
  }

  private static byte[] gzip(byte[] plain) throws IOException {
    ByteArrayOutputStream target = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(target)) {
      gzip.write(plain);
    }
    return target.toByteArray();
  }

  private static void assertRefused(
      HttpResponse<String> response,
      int status,
      String type,
      @Nullable String param,
      @Nullable String code,
      String message) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    assertThat(response.headers().firstValue("Content-Type")).contains("application/json");
    JsonNode body = json(response);
    assertThat(body.propertyNames()).containsExactly("error");
    JsonNode error = body.get("error");
    assertThat(error.propertyNames()).containsExactly("message", "type", "param", "code");
    assertThat(error.get("message").asString()).contains(message);
    assertThat(error.get("type").asString()).isEqualTo(type);
    assertThat(error.get("param").asStringOpt().orElse(null)).isEqualTo(param);
    assertThat(error.get("code").asStringOpt().orElse(null)).isEqualTo(code);
  }

  private static List<float[]> vectors(HttpResponse<String> response) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    List<float[]> vectors = new ArrayList<>();
    for (JsonNode item : json(response).get("data")) {
      assertThat(item.get("index").asInt()).isEqualTo(vectors.size());
      float[] vector = new float[item.get("embedding").size()];
      for (int index = 0; index < vector.length; index++) {
        vector[index] = item.get("embedding").get(index).floatValue();
      }
      vectors.add(vector);
    }
    return vectors;
  }

  private static double dot(float[] left, float[] right) {
    return IntStream.range(0, left.length).mapToDouble(i -> (double) left[i] * right[i]).sum();
  }

  private static JsonNode json(HttpResponse<String> response) {
    return JSON.readTree(response.body());
  }

  private static String body(Map<String, ?> body) {
    return JSON.writeValueAsString(body);
  }

  private HttpResponse<String> post(Map<String, ?> body) {
    return post(body(body));
  }

  private HttpResponse<String> post(String body) {
    return send(request("POST", "/v1/embeddings", body));
  }

  private HttpRequest request(String method, String path, String body) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
        .method(
            method,
            body.isEmpty()
                ? HttpRequest.BodyPublishers.noBody()
                : HttpRequest.BodyPublishers.ofString(body))
        .build();
  }

  private static HttpResponse<String> send(HttpRequest request) {
    return client.sendAsync(request, HttpResponse.BodyHandlers.ofString()).join();
  }
}
