package io.onnxfleet.inference;

import static io.onnxfleet.inference.RunningReplica.json;
import static io.onnxfleet.inference.RunningReplica.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.testing.model.TinyModel;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.InflaterInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** The whole of {@code /v2} over HTTP, to ONNX Runtime and back. */
@TestInstance(Lifecycle.PER_CLASS)
class V2ProtocolIT {
  private static final String INFER = "/v2/models/arithmetic/infer";
  private static final String BODY =
      """
      {"id":"42","inputs":[
        {"name":"a","shape":[1,2],"datatype":"FP32","data":[[1,3]]},
        {"name":"b","shape":[1,2],"datatype":"FP32","data":[2,2]}]}
      """;

  private static final String UNSIGNED =
      "{\"inputs\":[{\"name\":\"x\",\"shape\":[1,2],\"datatype\":\"UINT64\","
          + "\"data\":[18446744073709551615,9223372036854775809]}]}";

  private RunningReplica replica;

  @BeforeAll
  void start(@TempDir Path models) {
    TinyModel.quotientAndSum().writeTo(models, "arithmetic");
    TinyModel.identity(DataType.FP32, "rows", "4").writeTo(models, "wide");
    TinyModel.identity(DataType.BYTES, "rows", "1").writeTo(models, "text");
    TinyModel.identity(DataType.FP16, "rows", "2").writeTo(models, "half");
    TinyModel.identity(DataType.UINT64, "rows", "2").writeTo(models, "unsigned");
    TinyModel.identity(DataType.FP64).writeTo(models, "scalar");
    replica = RunningReplica.serving(models, "--fleet.inference.max-body-size=1MB");
  }

  @AfterAll
  void stop() {
    replica.close();
  }

  @AfterEach
  void everyBufferIsReturned() {
    replica.awaitBuffersReturned();
  }

  @Test
  void server_tellsItsNameAndExtensions() {
    JsonNode server = json(replica.get("/v2"));
    assertThat(server.get("name").asString()).isEqualTo("onnx-fleet");
    assertThat(server.get("extensions").toString()).contains("binary_tensor_data", "statistics");
  }

  /** KServe's client reads the bodies. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          /v2/health/live                  | {"live":true}
          /v2/health/ready                 | {"ready":true}
          /v2/health/ready/                | {"ready":true}
          /v2/models/text/ready            | {"name":"text","ready":true}
          /v2/models/text/versions/1/ready | {"name":"text","ready":true}
          """)
  void health_isSaidInTheBodyToo(String path, String body) {
    HttpResponse<byte[]> response = replica.get(path);
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(text(response)).isEqualTo(body);
    assertThat(response.headers().firstValue("Content-Type")).hasValue("application/json");
  }

  @Test
  void infer_passesOver_whatKServesClientSendsBesides() {
    String body =
        BODY.replace("{\"id\"", "{\"model_name\":\"arithmetic\",\"model_version\":null,\"id\"")
            .replace("\"FP32\"", "\"FP32\",\"content_type\":\"np\"");
    assertThat(text(replica.post(INFER, body))).contains("\"id\":\"42\"", "[0.5,1.5]");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /v2/",
        "GET /v2/health/live/",
        "GET /v2/models/wide/",
        "GET /v2/models/wide/versions/1/",
        "GET /v2/models/wide/ready/",
        "GET /v2/models/wide/config/",
        "GET /v2/models/wide/stats/",
        "GET /v2/models/stats/",
        "GET /v1/models/",
        "GET /v1/models/wide/",
        "POST /v2/repository/index/",
        "POST /v2/models/arithmetic/infer/",
        "POST /v2/models/arithmetic/versions/1/infer/",
        "POST /v2/models/%61rithmetic/infer/"
      })
  void paths_mayEndInASlash(String request) {
    String[] parts = request.split(" ", 2);
    String body = parts[1].contains("infer") ? BODY : "";
    HttpResponse<byte[]> response =
        parts[0].equals("GET") ? replica.get(parts[1]) : replica.post(parts[1], body);
    assertThat(response.statusCode()).as(text(response)).isEqualTo(200);
  }

  @Test
  void unknownModels_areToldInTritonsWords() {
    String words = "{\"error\":\"Request for unknown model: 'x' is not found\"}";
    assertThat(text(replica.get("/v2/models/x"))).isEqualTo(words);
    assertThat(text(replica.post("/v2/models/x/infer", "{\"inputs\":[]}"))).isEqualTo(words);
    assertThat(text(replica.post("/v2/repository/models/x/load", ""))).isEqualTo(words);
  }

  @Test
  void metadata_showsTheBatchDimensionAsVariable() {
    assertThat(text(replica.get("/v2/models/wide")))
        .isEqualTo(
            "{\"name\":\"wide\",\"versions\":[\"1\"],\"platform\":\"onnxruntime_onnx\","
                + "\"inputs\":[{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[-1,4]}],"
                + "\"outputs\":[{\"name\":\"y\",\"datatype\":\"FP32\",\"shape\":[-1,4]}]}");
    assertThat(replica.get("/v2/models/wide/versions/1").statusCode()).isEqualTo(200);
  }

  @Test
  void infer_answersInFlatJson_andEchoesTheId() {
    HttpResponse<byte[]> response = replica.post(INFER, BODY);
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type")).hasValue("application/json");
    assertThat(text(response))
        .isEqualTo(
            "{\"model_name\":\"arithmetic\",\"model_version\":\"1\",\"id\":\"42\",\"outputs\":["
                + "{\"name\":\"y\",\"datatype\":\"FP32\",\"shape\":[1,2],\"data\":[0.5,1.5]},"
                + "{\"name\":\"z\",\"datatype\":\"FP32\",\"shape\":[1,2],\"data\":[3.0,5.0]}]}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"application/x-www-form-urlencoded", "text/plain", "application/octet-stream"})
  void infer_doesNotMindTheContentType(String type) {
    HttpResponse<byte[]> response =
        replica.post(INFER, BODY, "Content-Type", type, "Accept", "image/png");
    assertThat(response.statusCode()).isEqualTo(200);
  }

  @Test
  void infer_answersOnlyTheOutputsAskedFor_inTheirOrder() {
    String body = BODY.replace("\"id\"", "\"outputs\":[{\"name\":\"z\"},{\"name\":\"y\"}],\"id\"");
    JsonNode outputs = json(replica.post(INFER, body)).get("outputs");
    assertThat(outputs.get(0).get("name").asString()).isEqualTo("z");
    assertThat(outputs.get(1).get("name").asString()).isEqualTo("y");
    assertThat(outputs.size()).isEqualTo(2);
  }

  @Test
  void infer_answersInBinary_whenTheRequestAsksForIt() {
    String body = BODY.replace("\"id\"", "\"parameters\":{\"binary_data_output\":true},\"id\"");
    HttpResponse<byte[]> response = replica.post(INFER, body);
    assertThat(response.headers().firstValue("Content-Type")).hasValue("application/octet-stream");
    int jsonLength = headerLength(response);
    assertThat(response.body()).hasSize(jsonLength + 16);
    ByteBuffer binary = littleEndian(response.body(), jsonLength);
    assertThat(new float[] {binary.getFloat(0), binary.getFloat(4), binary.getFloat(12)})
        .containsExactly(0.5f, 1.5f, 5f);
    String head = new String(response.body(), 0, jsonLength, StandardCharsets.UTF_8);
    assertThat(json(head).at("/outputs/1/parameters/binary_data_size").asInt()).isEqualTo(8);
  }

  @Test
  void infer_mixesJsonAndBinary_bothWays() {
    String head =
        """
        {"inputs":[
          {"name":"a","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":8}},
          {"name":"b","shape":[1,2],"datatype":"FP32","data":[2,2]}],
         "outputs":[{"name":"y"},{"name":"z","parameters":{"binary_data":true}}]}\
        """;
    byte[] body = withFloats(head, 1, 3);
    HttpResponse<byte[]> response = replica.post(INFER, body, headerLength(head));
    int jsonLength = headerLength(response);
    String answer = new String(response.body(), 0, jsonLength, StandardCharsets.UTF_8);
    assertThat(answer).contains("\"data\":[0.5,1.5]").contains("\"binary_data_size\":8");
    assertThat(littleEndian(response.body(), jsonLength).getFloat(4)).isEqualTo(5f);
  }

  @Test
  void infer_carriesHalfPrecision_inBinaryOnly() {
    String head =
        """
        {"inputs":[{"name":"x","shape":[1,2],"datatype":"FP16",\
        "parameters":{"binary_data_size":4}}]%s}""";
    byte[] bits = {0, 0x3C, 0, 0x7C}; // 1 and infinity
    String binaryAnswer = head.formatted(",\"parameters\":{\"binary_data_output\":true}");
    HttpResponse<byte[]> response =
        replica.post("/v2/models/half/infer", join(binaryAnswer, bits), headerLength(binaryAnswer));
    int jsonLength = headerLength(response);
    assertThat(littleEndian(response.body(), jsonLength).getInt()).isEqualTo(0x7C003C00);

    String jsonAnswer = head.formatted("");
    HttpResponse<byte[]> refused =
        replica.post("/v2/models/half/infer", join(jsonAnswer, bits), headerLength(jsonAnswer));
    assertError(refused, 400, "binary_data");
  }

  @Test
  void infer_keepsEveryBit_ofUnsignedIntegers() {
    assertThat(text(replica.post("/v2/models/unsigned/infer", UNSIGNED)))
        .contains("[18446744073709551615,9223372036854775809]");
  }

  @ParameterizedTest
  @CsvSource({"'[]', 2.5", "'[1]', '[2.5]'", "'[]', '[2.5]'"})
  void infer_takesAScalar_alsoAsOneElement(String shape, String data) {
    String body =
        "{\"inputs\":[{\"name\":\"x\",\"shape\":%s,\"datatype\":\"FP64\",\"data\":%s}]}"
            .formatted(shape, data);
    assertThat(text(replica.post("/v2/models/scalar/infer", body)))
        .contains("\"shape\":[],\"data\":[2.5]");
  }

  @Test
  void infer_namesTheBinaryForm_whenAnOutputIsNotANumber() {
    String body = BODY.replace("[2,2]}", "[0,0]}").replace("[[1,3]]", "[0,0]");
    assertError(replica.post(INFER, body), 400, "element 0 is NaN");
    String binary = body.replace("\"id\"", "\"parameters\":{\"binary_data_output\":true},\"id\"");
    assertThat(replica.post(INFER, binary).statusCode()).isEqualTo(200);
  }

  @Test
  void index_refusesWhatItDoesNotUnderstand() {
    assertThat(replica.post("/v2/repository/index", "{\"ready\":null}").statusCode())
        .isEqualTo(200);
    for (String ready : List.of("\"true\"", "1", "[true]", "{}")) {
      HttpResponse<byte[]> answer =
          replica.post("/v2/repository/index", "{\"ready\":" + ready + "}");
      assertThat(answer.statusCode()).as(ready).isEqualTo(400);
      assertThat(text(answer)).contains("expected true or false");
    }
    String nested = "[".repeat(250_000) + "true" + "]".repeat(250_000);
    assertThat(replica.post("/v2/repository/index", "{\"ready\":" + nested + "}").statusCode())
        .isEqualTo(400);
  }

  @Test
  void infer_takesARawBody_asTheOnlyInput() {
    HttpResponse<byte[]> response =
        replica.post(
            "/v2/models/text/infer", "one element", "Inference-Header-Content-Length", "0");
    assertThat(new String(response.body(), headerLength(response), 15, StandardCharsets.UTF_8))
        .isEqualTo("\u000b\0\0\0one element");
    byte[] floats = withFloats("", 1, 2, 3, 4);
    HttpResponse<byte[]> numbers =
        replica.post("/v2/models/wide/infer", floats, "Inference-Header-Content-Length", "0");
    assertThat(text(numbers)).contains("\"shape\":[1,4],\"parameters\":{\"binary_data_size\":16}");
    byte[] answer = numbers.body();
    assertThat(Arrays.copyOfRange(answer, headerLength(numbers), answer.length)).isEqualTo(floats);
    assertError(replica.post(INFER, floats, "Inference-Header-Content-Length", "0"), 400, "one");
  }

  @Test
  void infer_readsCompressedBodies_withTheHeaderLengthOfTheDecompressedOne() throws IOException {
    String head =
        "{\"inputs\":[{\"name\":\"x\",\"shape\":[1,4],\"datatype\":\"FP32\","
            + "\"parameters\":{\"binary_data_size\":16}}]}";
    byte[] body = withFloats(head, 1, 2, 3, 4);
    ByteArrayOutputStream gzip = new ByteArrayOutputStream();
    try (OutputStream stream = new GZIPOutputStream(gzip)) {
      stream.write(body);
    }
    ByteArrayOutputStream deflate = new ByteArrayOutputStream();
    try (OutputStream stream = new DeflaterOutputStream(deflate)) {
      stream.write(body);
    }
    String length = Integer.toString(head.length());
    for (List<Object> coded :
        List.<List<Object>>of(
            List.of("gzip", gzip.toByteArray()), List.of("deflate", deflate.toByteArray()))) {
      HttpResponse<byte[]> response =
          replica.post(
              "/v2/models/wide/infer",
              (byte[]) coded.get(1),
              "Content-Encoding",
              (String) coded.get(0),
              "Inference-Header-Content-Length",
              length);
      assertThat(text(response)).contains("[1.0,2.0,3.0,4.0]");
    }
  }

  @Test
  void infer_compressesLargeAnswers_whenTheClientAccepts() throws IOException {
    String body =
        "{\"inputs\":[{\"name\":\"x\",\"shape\":[500,4],\"datatype\":\"FP32\",\"data\":["
            + "1,".repeat(1999)
            + "1]}]%s}";
    HttpResponse<byte[]> plain = replica.post("/v2/models/wide/infer", body.formatted(""));
    HttpResponse<byte[]> gzip =
        replica.post(
            "/v2/models/wide/infer", body.formatted(""), "Accept-Encoding", "deflate;q=0.5, gzip");
    assertThat(gzip.headers().firstValue("Content-Encoding")).hasValue("gzip");
    try (InputStream stream = new GZIPInputStream(new ByteArrayInputStream(gzip.body()))) {
      assertThat(stream.readAllBytes()).isEqualTo(plain.body());
    }
    HttpResponse<byte[]> deflate =
        replica.post(
            "/v2/models/wide/infer",
            body.formatted(",\"parameters\":{\"binary_data_output\":true}"),
            "Accept-Encoding",
            "deflate");
    assertThat(deflate.headers().firstValue("Content-Encoding")).hasValue("deflate");
    try (InputStream stream = new InflaterInputStream(new ByteArrayInputStream(deflate.body()))) {
      assertThat(stream.readAllBytes()).hasSize(headerLength(deflate) + 8000);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          POST | /v2/models/nope/infer                 | {}                | 404 | nope
          POST | /v2/models/arithmetic/versions/9/infer| {"inputs":[]}     | 404 | version
          POST | /v2/models/arithmetic/versions/x/infer| {"inputs":[]}     | 404 | version
          POST | /v2/models/arithmetic/infer           | {"inputs":[]}     | 400 | input 'a'
          POST | /v2/models/arithmetic/infer           | {"inputs":[],     | 400 | JSON, line 1
          POST | /v2/models/arithmetic/infer           |                   | 400 | empty
          GET  | /v2/models/nope                       |                   | 404 | nope
          GET  | /v2/models/nope/ready                 |                   | 404 | nope
          GET  | /v2/models/nope/stats                 |                   | 404 | nope
          GET  | /v2/models/nope/config                |                   | 404 | nope
          GET  | /v2/nope                              |                   | 404 | /v2/nope
          GET  | /nope                                 |                   | 404 | /nope
          GET  | /error                                |                   | 404 | Not Found
          GET  | /v2/models/arithmetic/infer           |                   | 405 | GET
          DELETE | /v2                                 |                   | 405 | DELETE
          POST | /v2/repository/models/nope/load       |                   | 404 | nope
          POST | /v2/repository/index                  | [1]               | 400 | JSON object
          POST | /v2/repository/index                  | {"ready"          | 400 | JSON
          """)
  void refusals_haveTheirStatus_andOnlyTheProtocolsKey(
      String method, String path, String body, int status, String message) {
    HttpResponse<byte[]> response =
        replica.send(
            replica
                .request(path)
                .method(method, BodyPublishers.ofString(body == null ? "" : body))
                .build());
    if (path.endsWith("nope/infer")) {
      // A malformed body and an unknown model: either may be told first.
      assertThat(response.statusCode()).isBetween(400, 404);
    } else {
      assertError(response, status, message);
    }
  }

  @Test
  void infer_saysWhatWasExpected_whenAShapeIsWrong() {
    String body =
        BODY.replace(
            "[1,2],\"datatype\":\"FP32\",\"data\":[[1,3]]",
            "[1,3],\"datatype\":\"FP32\",\"data\":[1,3,4]");
    assertError(replica.post(INFER, body), 400, "[1,3] (expected [-1,2])");
  }

  @Test
  void bodies_areRefused_whenTooLarge_alsoInChunksAndDecompressed() throws IOException {
    byte[] large = " ".repeat(2 << 20).getBytes(StandardCharsets.UTF_8);
    assertError(replica.post(INFER, large), 413, "1048576");
    HttpResponse<byte[]> chunked =
        replica.send(
            replica
                .request(INFER)
                .POST(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(large)))
                .build());
    assertError(chunked, 413, "1048576");
    ByteArrayOutputStream gzip = new ByteArrayOutputStream();
    try (OutputStream stream = new GZIPOutputStream(gzip)) {
      stream.write(large);
    }
    assertError(
        replica.post(INFER, gzip.toByteArray(), "Content-Encoding", "gzip"),
        413,
        "after decompression");
  }

  @ParameterizedTest
  @CsvSource({"br, 415", "'gzip, gzip', 415", "gzip, 400", "deflate, 400"})
  void bodies_areRefused_whenTheirCodingIsUnknownOrWrong(String coding, int status) {
    assertError(replica.post(INFER, "not compressed", "Content-Encoding", coding), status, coding);
  }

  @Test
  void infer_isTooLate_whenTheDeadlineHasPassed() {
    assertError(replica.post(INFER, BODY, "Inference-Deadline-Ms", "0"), 504, "deadline");
    assertError(replica.post(INFER, BODY, "Inference-Deadline-Ms", "soon"), 400, "soon");
  }

  @Test
  void answers_nameTheirRequestAndReplica() {
    String trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    HttpResponse<byte[]> response =
        replica.post(INFER, BODY, "X-Request-Id", "abc-1", "traceparent", trace);
    assertThat(response.headers().firstValue("X-Request-Id")).hasValue("abc-1");
    assertThat(response.headers().firstValue("traceparent")).hasValue(trace);
    assertThat(response.headers().firstValue("Inference-Replica").orElseThrow())
        .startsWith("inference-service:127.0.0.1");
    HttpResponse<byte[]> fresh = replica.get("/v2");
    assertThat(fresh.headers().firstValue("X-Request-Id").orElseThrow()).isNotBlank();
    assertThat(fresh.headers().firstValue("traceparent").orElseThrow())
        .matches("00-[0-9a-f]{32}-[0-9a-f]{16}-00");
  }

  @Test
  void repository_unloadsAndLoads_withEmptyBodies() {
    assertThat(replica.post("/v2/repository/models/wide/unload", "").statusCode()).isEqualTo(200);
    try {
      assertThat(replica.get("/v2/models/wide/ready").statusCode()).isEqualTo(503);
      HttpResponse<byte[]> refused = replica.post("/v2/models/wide/infer", "{\"inputs\":[]}");
      assertError(refused, 503, "wide");
      assertThat(refused.headers().firstValue("Retry-After")).isPresent();
      assertThat(refused.headers().firstValue("Inference-Replica-State")).isEmpty();
      assertThat(text(replica.post("/v2/repository/index", "{\"ready\":true}")))
          .doesNotContain("wide");
      assertThat(text(replica.post("/v2/repository/index", ""))).contains("\"name\":\"wide\"");
    } finally {
      assertThat(replica.post("/v2/repository/models/wide/load", "").statusCode()).isEqualTo(200);
    }
    assertThat(replica.get("/v2/models/wide/ready").statusCode()).isEqualTo(200);
    assertThat(text(replica.post("/v2/repository/index", "{\"ready\":true}")))
        .contains("{\"name\":\"wide\",\"version\":\"1\",\"state\":\"READY\",\"reason\":\"\"}");
  }

  @Test
  void statistics_countWhatRan_inTritonsKeys() {
    long before = inferenceCount("unsigned");
    replica.post("/v2/models/unsigned/infer", UNSIGNED);
    JsonNode model = json(replica.get("/v2/models/unsigned/stats")).at("/model_stats/0");
    assertThat(model.get("inference_count").asLong()).isEqualTo(before + 1);
    assertThat(model.get("version").asString()).isEqualTo("1");
    for (String part :
        List.of(
            "success",
            "fail",
            "queue",
            "compute_input",
            "compute_infer",
            "compute_output",
            "cache_hit",
            "cache_miss")) {
      assertThat(model.at("/inference_stats/" + part + "/count").isIntegralNumber()).isTrue();
      assertThat(model.at("/inference_stats/" + part + "/ns").isIntegralNumber()).isTrue();
    }
    assertThat(model.at("/inference_stats/compute_infer/ns").asLong()).isPositive();
    assertThat(model.at("/batch_stats/0/batch_size").asLong()).isEqualTo(1);
    assertThat(json(replica.get("/v2/models/stats")).get("model_stats").size()).isEqualTo(6);
  }

  private long inferenceCount(String model) {
    return json(replica.get("/v2/models/" + model + "/versions/1/stats"))
        .at("/model_stats/0/inference_count")
        .asLong();
  }

  @Test
  void configuration_isTritons() {
    JsonNode configuration = json(replica.get("/v2/models/wide/config"));
    assertThat(configuration.get("name").asString()).isEqualTo("wide");
    assertThat(configuration.at("/input/0/data_type").asString()).isEqualTo("TYPE_FP32");
    assertThat(configuration.get("max_batch_size").asInt()).isPositive();
  }

  @Test
  void prometheus_hasTritonsNames_andAHistogramOfRequests() {
    replica.post(INFER, BODY);
    String metrics = text(replica.get("/actuator/prometheus"));
    for (String name :
        List.of(
            "nv_inference_request_success",
            "nv_inference_request_failure",
            "nv_inference_count",
            "nv_inference_exec_count",
            "nv_inference_pending_request_count",
            "nv_inference_queue_duration_us",
            "nv_inference_request_duration_us",
            "nv_inference_compute_infer_duration_us")) {
      assertThat(metrics).containsPattern("(?m)^" + name + "\\{.*model=\"arithmetic\".*} ");
    }
    assertThat(metrics).containsPattern("(?m)^\\w+request\\w+_bucket\\{.*model=\"arithmetic\"");
  }

  @Test
  void health_namesModelsAndProviders() {
    JsonNode health = json(replica.get("/actuator/health"));
    assertThat(health.at("/components/models/details/models/wide:1").toString())
        .contains("READY", "cpu");
    assertThat(replica.get("/actuator/health/readiness").statusCode()).isEqualTo(200);
  }

  @Test
  void openApi_describesTheProtocol() {
    JsonNode document = json(replica.get("/v3/api-docs"));
    assertThat(document.get("paths").propertyNames())
        .contains("/v2/models/{model}/infer", "/v2/repository/index", "/v2/health/ready");
    assertThat(document.at("/info/title").asString()).isEqualTo("ONNX Fleet");
    assertThat(document.at("/info/version").asString()).isNotEmpty();
    assertThat(document.at("/info/license/identifier").asString()).isEqualTo("Apache-2.0");
    assertThat(replica.get("/docs").statusCode()).isBetween(200, 302);
  }

  @Test
  void malformedHttp_isAnsweredInJsonToo() throws IOException {
    String answer = replica.exchange("GET /v2/\u007f HTTP/1.1\r\nHost: x\r\n\r\n");
    assertThat(answer).startsWith("HTTP/1.1 400").contains("\r\n\r\n{\"error\":\"");
  }

  @Test
  void connections_serveRequestAfterRequest_alsoAfterRefusals() throws IOException {
    String request = "POST " + INFER + " HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s";
    // Pipelined: the second request is there before the first is answered.
    String both =
        request.replace(INFER, "/v2/models/nope/infer").formatted(13, "{\"inputs\":[]}")
            + request.formatted(BODY.length(), BODY);
    String last = "GET /v2/health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    assertThat(replica.exchange(both, last))
        .containsSubsequence("HTTP/1.1 404", "HTTP/1.1 200", "[0.5,1.5]", "HTTP/1.1 200");
  }

  private static void assertError(HttpResponse<byte[]> response, int status, String message) {
    assertThat(response.statusCode()).as(text(response)).isEqualTo(status);
    JsonNode body = json(response);
    assertThat(body.propertyNames()).containsExactly("error");
    assertThat(body.get("error").asString()).contains(message);
    assertThat(response.headers().firstValue("Content-Type")).hasValue("application/json");
  }

  private static int headerLength(HttpResponse<byte[]> response) {
    return (int)
        response
            .headers()
            .firstValueAsLong("Inference-Header-Content-Length")
            .orElseThrow(() -> new AssertionError(text(response)));
  }

  private static String[] headerLength(String head) {
    int length = head.getBytes(StandardCharsets.UTF_8).length;
    return new String[] {"Inference-Header-Content-Length", Integer.toString(length)};
  }

  private static byte[] withFloats(String head, float... values) {
    ByteBuffer floats =
        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    floats.asFloatBuffer().put(values);
    return join(head, floats.array());
  }

  private static byte[] join(String head, byte[] tail) {
    ByteArrayOutputStream joined = new ByteArrayOutputStream();
    joined.writeBytes(head.getBytes(StandardCharsets.UTF_8));
    joined.writeBytes(tail);
    return joined.toByteArray();
  }

  private static ByteBuffer littleEndian(byte[] bytes, int from) {
    return ByteBuffer.wrap(bytes, from, bytes.length - from).slice().order(ByteOrder.LITTLE_ENDIAN);
  }
}
