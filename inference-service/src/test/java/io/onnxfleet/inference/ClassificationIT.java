package io.onnxfleet.inference;

import static io.onnxfleet.inference.RunningReplica.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.testing.model.TinyModel;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Triton's classification extension, as its image clients ask for it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ClassificationIT {
  private RunningReplica replica;

  private Path models;

  @BeforeAll
  void start(@TempDir Path folder) throws IOException {
    models = folder;
    TinyModel.identity(DataType.FP32, "rows", "4").writeTo(models, "labelled");
    configure(
        "labelled", "max_batch_size: 8\noutput { name: \"y\" label_filename: \"labels.txt\" }");
    Files.writeString(models.resolve("labelled/labels.txt"), "CAT\nDOG\r\n\nGIB BON\n");
    TinyModel.identity(DataType.INT64, "3").writeTo(models, "numbers");
    TinyModel.identity(DataType.BYTES, "rows", "1").writeTo(models, "text");
    TinyModel.identity(DataType.FP32, "rows", "4").writeTo(models, "lost");
    configure("lost", "output { name: \"y\" label_filename: \"absent.txt\" }");
    replica = RunningReplica.serving(models);
  }

  private void configure(String model, String config) throws IOException {
    Files.writeString(models.resolve(model).resolve("config.pbtxt"), config);
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
  void infer_answersTheBestClasses_withTheirLabels() {
    JsonNode output =
        json(
            post(
                "labelled",
                "[2,4]",
                "FP32",
                "[0.1,0.2,0.6,0.1, 9,-1,9,3.5]",
                "\"classification\":2"));
    assertThat(output.get("datatype").asString()).isEqualTo("BYTES");
    assertThat(output.get("shape").toString()).isEqualTo("[2,2]");
    assertThat(output.get("data").toString())
        .isEqualTo("[\"0.600000:2\",\"0.200000:1:DOG\",\"9.000000:0:CAT\",\"9.000000:2\"]");
  }

  @Test
  void infer_answersThemInBinary_whenAsked() {
    HttpResponse<byte[]> response =
        post("labelled", "[1,4]", "FP32", "[1,2,3,4]", "\"classification\":1,\"binary_data\":true");
    int from =
        Integer.parseInt(
            response.headers().firstValue("Inference-Header-Content-Length").orElseThrow());
    String best = "4.000000:3:GIB BON";
    assertThat(
            new String(
                response.body(), from, response.body().length - from, StandardCharsets.UTF_8))
        .isEqualTo((char) best.length() + "\0\0\0" + best);
    assertThat(text(response)).contains("\"datatype\":\"BYTES\",\"shape\":[1,1]");
  }

  @Test
  void infer_ordersIntegersExactly_andHasNoRows_whereTheModelHasNone() {
    JsonNode output =
        json(
            post(
                "numbers",
                "[3]",
                "INT64",
                "[9007199254740992,9007199254740993,-5]",
                "\"classification\":3"));
    assertThat(output.get("shape").toString()).isEqualTo("[3]");
    assertThat(output.get("data").toString())
        .isEqualTo("[\"9007199254740993:1\",\"9007199254740992:0\",\"-5:2\"]");
  }

  @Test
  void infer_answersTheOutputItself_whenNoClassIsWanted() {
    JsonNode output = json(post("labelled", "[1,4]", "FP32", "[1,2,3,4]", "\"classification\":0"));
    assertThat(output.get("data").toString()).isEqualTo("[1.0,2.0,3.0,4.0]");
  }

  @ParameterizedTest
  @CsvSource({
    "labelled, '[1,4]', FP32, '[1,2,3,4]', 5, '5 (expected: <= 4, the classes that it has)'",
    "labelled, '[1,4]', FP32, '[1,2,3,4]', -1, '-1 (expected an integer >= 0)'",
    "labelled, '[1,4]', FP32, '[1,2,3,4]', 1.5, '1.5 (expected an integer >= 0)'",
    "text, '[1,1]', BYTES, '[\"a\"]', 1, 'classification of BYTES'"
  })
  void infer_refuses_whatIsNoNumberOfClasses(
      String model, String shape, String type, String data, String count, String message) {
    HttpResponse<byte[]> response = post(model, shape, type, data, "\"classification\":" + count);
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(RunningReplica.json(response).get("error").asString()).contains(message);
  }

  @Test
  void model_isNotServed_withoutTheLabelsThatItNames() {
    HttpResponse<byte[]> response =
        post("lost", "[1,4]", "FP32", "[1,2,3,4]", "\"classification\":1");
    assertThat(response.statusCode()).isEqualTo(503);
    assertThat(text(response))
        .contains("label_filename 'absent.txt' of output 'y': not there (expected a file beside");
    assertThat(response.headers().firstValue("Retry-After")).isEmpty();
  }

  @Test
  void labels_arePartOfWhatTheModelIs() throws IOException {
    String before = content();
    Files.writeString(models.resolve("labelled/labels.txt"), "CAT\nDOG\n\nGIB BON\nMORE\n");
    assertThat(replica.post("/v2/repository/models/labelled/load", "").statusCode()).isEqualTo(200);
    assertThat(content()).isNotEqualTo(before);
  }

  private String content() {
    HttpResponse<byte[]> response =
        post("labelled", "[1,4]", "FP32", "[1,2,3,4]", "\"classification\":1");
    return response.headers().firstValue("Inference-Content").orElseThrow();
  }

  private HttpResponse<byte[]> post(
      String model, String shape, String type, String data, String parameters) {
    return replica.post(
        "/v2/models/" + model + "/infer",
        """
        {"inputs":[{"name":"x","shape":%s,"datatype":"%s","data":%s}],
         "outputs":[{"name":"y","parameters":{%s}}]}
        """
            .formatted(shape, type, data, parameters));
  }

  private static JsonNode json(HttpResponse<byte[]> response) {
    assertThat(response.statusCode()).as(text(response)).isEqualTo(200);
    return RunningReplica.json(response).get("outputs").get(0);
  }
}
