package io.onnxfleet.jobs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.testing.process.FleetProcesses;
import io.onnxfleet.testing.process.Running;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Calls of a job service, as the gateway makes them for an owner.
 *
 * @param owner what the gateway says; null for nothing
 */
record JobCalls(URI base, @Nullable String owner) {
  static final String BOUNDARY = "b0undary";
  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /** How an answer is told. */
  record Answer(int status, String text, HttpResponse<byte[]> whole) {
    JsonNode json() {
      return JsonMapper.shared().readTree(text);
    }
  }

  Answer send(String method, String path, byte @Nullable [] body, String type, String... headers)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(base + path))
            .method(
                method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(body));
    if (body != null) {
      request.header("Content-Type", type);
    }
    if (headers.length > 0) {
      request.headers(headers);
    }
    if (owner != null) {
      request.header("Inference-Owner", owner);
    }
    HttpResponse<byte[]> answer = HTTP.send(request.build(), BodyHandlers.ofByteArray());
    return new Answer(answer.statusCode(), new String(answer.body(), UTF_8), answer);
  }

  Answer get(String path) throws IOException, InterruptedException {
    return send("GET", path, null, "");
  }

  Answer post(String path, String json) throws IOException, InterruptedException {
    return send("POST", path, json.getBytes(UTF_8), "application/json");
  }

  Answer delete(String path) throws IOException, InterruptedException {
    return send("DELETE", path, null, "");
  }

  /** Parts of an upload, one after the other: names, and what they have. */
  Answer upload(List<String> parts) throws IOException, InterruptedException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    for (int part = 0; part < parts.size(); part += 2) {
      body.writeBytes(
          ("--" + BOUNDARY + "\r\nContent-Disposition: form-data; " + parts.get(part) + "\r\n\r\n")
              .getBytes(UTF_8));
      body.writeBytes((parts.get(part + 1) + "\r\n").getBytes(UTF_8));
    }
    body.writeBytes(("--" + BOUNDARY + "--\r\n").getBytes(UTF_8));
    return send(
        "POST", "/v1/files", body.toByteArray(), "multipart/form-data; boundary=" + BOUNDARY);
  }

  /** The id of a new file. */
  String upload(String content) throws IOException, InterruptedException {
    Answer answer =
        upload(
            List.of(
                "name=\"purpose\"", "batch", "name=\"file\"; filename=\"input.jsonl\"", content));
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return answer.json().path("id").asString();
  }

  Answer create(String file) throws IOException, InterruptedException {
    return post(
        "/v1/batches",
        "{\"input_file_id\":\"%s\",\"endpoint\":\"/v1/embeddings\",\"completion_window\":\"24h\"}"
            .formatted(file));
  }

  /** The id of a new batch. */
  String batch(String file) throws IOException, InterruptedException {
    Answer answer = create(file);
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return answer.json().path("id").asString();
  }

  JsonNode batchNow(String id) throws IOException, InterruptedException {
    Answer answer = get("/v1/batches/" + id);
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return answer.json();
  }

  /** Waits until a batch has ended, whoever answers. */
  JsonNode awaitEnd(FleetProcesses processes, Running jobs, String id)
      throws IOException, InterruptedException {
    processes.await(
        "the end of " + id,
        () -> {
          try {
            if (!jobs.process().isAlive()) {
              throw new IllegalStateException("the job service ended, see " + jobs.log());
            }
            return Set.of("completed", "failed", "expired", "cancelled")
                .contains(batchNow(id).path("status").asString());
          } catch (IOException failed) {
            throw new IllegalStateException(failed);
          }
        });
    return batchNow(id);
  }

  /** The lines of a file; none where there is no file. */
  List<JsonNode> lines(JsonNode id) throws IOException, InterruptedException {
    if (id.isNull()) {
      return List.of();
    }
    Answer answer = get("/v1/files/" + id.asString() + "/content");
    assertThat(answer.status()).isEqualTo(200);
    return answer.text().lines().map(line -> JsonMapper.shared().readTree(line)).toList();
  }

  static String line(String id) {
    return "{\"custom_id\":\"%s\",\"method\":\"POST\",\"url\":\"/v1/embeddings\",\"body\":{\"input\":\"%s\"}}\n"
        .formatted(id, id);
  }
}
