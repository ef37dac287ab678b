package io.onnxfleet.launcher.training;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.contract.api.HeaderNames;
import java.io.ByteArrayOutputStream;
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
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** The ways that callers come, each many times, from several connections at once. */
final class TrainingLoad implements AutoCloseable {
  static final String MODEL = "all-minilm-l6-v2";

  private static final int CALLERS = 8;
  private static final int TOKENS = 32;
  private static final int OK = 200;

  private final List<URI> bases;
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  TrainingLoad(List<URI> bases) {
    this.bases = bases;
  }

  void send(Duration load) throws IOException, InterruptedException {
    for (HttpRequest request : rare()) {
      http.send(request, BodyHandlers.discarding());
    }
    List<HttpRequest> requests = frequent();
    for (HttpRequest request : requests) {
      HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
      if (answer.statusCode() != OK) {
        throw new IOException(
            "%s: %d %s".formatted(request.uri(), answer.statusCode(), answer.body()));
      }
    }
    long end = System.nanoTime() + load.toNanos();
    try (ExecutorService callers = Executors.newFixedThreadPool(CALLERS)) {
      List<Future<?>> running = new ArrayList<>();
      for (int caller = 0; caller < CALLERS; caller++) {
        int first = caller;
        running.add(
            callers.submit(
                () -> {
                  for (int next = first; System.nanoTime() - end < 0; next++) {
                    HttpRequest request = requests.get(next % requests.size());
                    http.send(request, BodyHandlers.discarding());
                  }
                  return null;
                }));
      }
      for (Future<?> caller : running) {
        caller.get();
      }
    } catch (ExecutionException failed) {
      throw new IOException("a caller failed: " + failed.getCause(), failed);
    }
  }

  private List<HttpRequest> frequent() {
    List<HttpRequest> requests = new ArrayList<>();
    for (URI base : bases) {
      requests.add(inferJson(base));
      requests.add(inferBinary(base));
      requests.add(inferBinary(base));
      requests.add(embeddings(base, "\"A sentence of some length, to be embedded.\"", "float"));
      requests.add(embeddings(base, "[\"One sentence.\", \"And another one.\"]", "base64"));
    }
    return requests;
  }

  private List<HttpRequest> rare() {
    List<String> paths = new ArrayList<>();
    for (ApiCall call :
        List.of(
            ApiCall.LIVE,
            ApiCall.READY,
            ApiCall.SERVER_METADATA,
            ApiCall.ALL_STATISTICS,
            ApiCall.OPENAI_MODELS)) {
      paths.add(call.path());
    }
    for (ApiCall call :
        List.of(ApiCall.MODEL_METADATA, ApiCall.MODEL_CONFIG, ApiCall.MODEL_STATISTICS)) {
      paths.add(call.path(MODEL, null));
    }
    paths.add(ApiCall.MODEL_METADATA.path("unknown", null));
    paths.addAll(List.of("/actuator/health", "/actuator/prometheus"));
    List<HttpRequest> requests = new ArrayList<>();
    for (URI base : bases) {
      for (String path : paths) {
        requests.add(HttpRequest.newBuilder(base.resolve(path)).build());
      }
      requests.add(post(base, ApiPaths.REPOSITORY_INDEX, "{}"));
      requests.add(post(base, infer(), "{\"inputs\": 1}"));
    }
    return requests;
  }

  private static String infer() {
    return ApiCall.INFER.path(MODEL, null);
  }

  private static HttpRequest inferJson(URI base) {
    List<String> inputs = new ArrayList<>();
    for (String input : List.of("input_ids", "attention_mask", "token_type_ids")) {
      List<String> values = new ArrayList<>();
      for (int token = 0; token < TOKENS; token++) {
        values.add(Long.toString(value(input, token)));
      }
      inputs.add(
          "{\"name\":\"%s\",\"datatype\":\"INT64\",\"shape\":[1,%d],\"data\":[%s]}"
              .formatted(input, TOKENS, String.join(",", values)));
    }
    return post(base, infer(), "{\"inputs\":[" + String.join(",", inputs) + "]}");
  }

  private static HttpRequest inferBinary(URI base) {
    List<String> declarations = new ArrayList<>();
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    for (String input : List.of("attention_mask", "input_ids", "token_type_ids")) {
      declarations.add(
          ("{\"name\":\"%s\",\"datatype\":\"INT64\",\"shape\":[1,%d],"
                  + "\"parameters\":{\"binary_data_size\":%d}}")
              .formatted(input, TOKENS, TOKENS * Long.BYTES));
      ByteBuffer values = ByteBuffer.allocate(TOKENS * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      for (int token = 0; token < TOKENS; token++) {
        values.putLong(value(input, token));
      }
      data.writeBytes(values.array());
    }
    byte[] header =
        "{\"inputs\":[%s],\"parameters\":{\"binary_data_output\":true}}"
            .formatted(String.join(",", declarations))
            .getBytes(UTF_8);
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    body.writeBytes(header);
    body.writeBytes(data.toByteArray());
    return HttpRequest.newBuilder(base.resolve(infer()))
        .header("Content-Type", "application/octet-stream")
        .header(HeaderNames.HEADER_LENGTH, Integer.toString(header.length))
        .POST(BodyPublishers.ofByteArray(body.toByteArray()))
        .build();
  }

  private static long value(String input, int token) {
    return switch (input) {
      case "attention_mask" -> 1;
      case "input_ids" -> 1000 + token;
      default -> 0;
    };
  }

  private static HttpRequest embeddings(URI base, String input, String encoding) {
    String body =
        "{\"model\":\"%s\",\"input\":%s,\"encoding_format\":\"%s\"}"
            .formatted(MODEL, input, encoding);
    return post(base, ApiPaths.EMBEDDINGS, body);
  }

  private static HttpRequest post(URI base, String path, String json) {
    return HttpRequest.newBuilder(base.resolve(path))
        .header("Content-Type", "application/json")
        .POST(BodyPublishers.ofString(json))
        .build();
  }

  @Override
  public void close() {
    http.close();
  }
}
