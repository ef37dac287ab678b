package io.onnxfleet.benchmarks.chaos.jobs;

import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.launcher.process.Await;
import io.onnxfleet.testing.process.Running;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Single requests that become jobs. For one thread. */
final class SingleCalls implements AutoCloseable {
  /** What makes a job of a call. */
  static final Map<String, String> ASYNCHRONOUSLY =
      Map.of(HeaderNames.PREFER, HeaderNames.RESPOND_ASYNC);

  private static final Await AWAIT = new Await(Duration.ofMinutes(5), Duration.ofMillis(50));
  private static final JsonMapper JSON = JsonMapper.shared();

  private final Running gateway;
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  SingleCalls(Running gateway) {
    this.gateway = gateway;
  }

  /**
   * Has a call made later.
   *
   * @return the job's id
   * @throws IOException if it is not accepted
   */
  String submit(String path, String body) throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(gateway.uri(path))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body));
    ASYNCHRONOUSLY.forEach(request::header);
    HttpResponse<String> answer = http.send(request.build(), BodyHandlers.ofString());
    if (answer.statusCode() != 202) {
      throw new IOException("%d %s (expected: 202)".formatted(answer.statusCode(), answer.body()));
    }
    String location = answer.headers().firstValue("Location").orElse("");
    return location.substring(location.lastIndexOf('/') + 1);
  }

  /** The answer to that call once it is there; nothing where there is none. */
  JsonNode result(String id) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(gateway.uri(ApiPaths.JOB_RESULT.replace("{id}", id))).build();
    JsonNode[] result = {JSON.missingNode()};
    AWAIT.until(
        "job " + id,
        () -> {
          HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
          if (answer.statusCode() == 200) {
            result[0] = JSON.readTree(answer.body());
          }
          return answer.statusCode() != 202;
        });
    return result[0];
  }

  @Override
  public void close() {
    http.close();
  }
}
