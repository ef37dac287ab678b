package io.onnxfleet.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.tensor.BufferPool;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The real service in this JVM, on a random port of the loopback, and a client of it. */
final class RunningReplica implements AutoCloseable {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private final ConfigurableApplicationContext context;
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private RunningReplica(ConfigurableApplicationContext context) {
    this.context = context;
  }

  /** Starts without a registry and waits until it is ready. */
  static RunningReplica serving(Path models, String... arguments) {
    return serving(models, List.of(), arguments);
  }

  /** The same with what a team adds to it. */
  static RunningReplica serving(Path models, List<Class<?>> added, String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.add("--eureka.client.enabled=false");
    all.add("--fleet.inference.departure-notice=0");
    RunningReplica replica = started(models, added, all.toArray(String[]::new));
    try {
      replica.awaitReady();
      return replica;
    } catch (Throwable failure) {
      replica.close();
      throw failure;
    }
  }

  /** Starts without waiting for its models. */
  static RunningReplica started(Path models, String... arguments) {
    return started(models, List.of(), arguments);
  }

  private static RunningReplica started(Path models, List<Class<?>> added, String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.add("--server.port=0");
    all.add("--fleet.inference.models=" + models);
    return new RunningReplica(
        new SpringApplicationBuilder(InferenceService.class)
            .sources(added.toArray(Class<?>[]::new))
            .run(all.toArray(String[]::new)));
  }

  void awaitReady() {
    await()
        .atMost(Duration.ofMinutes(5))
        .pollInterval(Duration.ofMillis(20))
        .until(() -> get("/v2/health/ready").statusCode() == 200);
  }

  /** An answer may reach its caller a moment before the replica gives its tensors up. */
  void awaitBuffersReturned() {
    BufferPool pool = context.getBean(InferenceEngine.class).bufferPool();
    await().untilAsserted(() -> assertThat(pool.usage().buffersInUse()).isZero());
  }

  ConfigurableApplicationContext context() {
    return context;
  }

  int port() {
    return Objects.requireNonNull(((WebServerApplicationContext) context).getWebServer()).getPort();
  }

  HttpClient client() {
    return client;
  }

  HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port() + path))
        .timeout(Duration.ofSeconds(60));
  }

  HttpResponse<byte[]> get(String path) {
    return send(request(path).GET().build());
  }

  HttpResponse<byte[]> post(String path, String body, String... headers) {
    return post(path, body.getBytes(StandardCharsets.UTF_8), headers);
  }

  HttpResponse<byte[]> post(String path, byte[] body, String... headers) {
    HttpRequest.Builder builder = request(path).POST(BodyPublishers.ofByteArray(body));
    return send(headers.length == 0 ? builder.build() : builder.headers(headers).build());
  }

  /** What is answered on a connection of its own until that ends, to bytes written in parts. */
  String exchange(String... parts) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port())) {
      for (String part : parts) {
        socket.getOutputStream().write(part.getBytes(StandardCharsets.UTF_8));
      }
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  HttpResponse<byte[]> send(HttpRequest request) {
    try {
      return client.send(request, BodyHandlers.ofByteArray());
    } catch (IOException failure) {
      throw new AssertionError(request + " failed", failure);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new AssertionError(interrupted);
    }
  }

  static String text(HttpResponse<byte[]> response) {
    return new String(response.body(), StandardCharsets.UTF_8);
  }

  static JsonNode json(HttpResponse<byte[]> response) {
    return MAPPER.readTree(response.body());
  }

  static JsonNode json(String text) {
    return MAPPER.readTree(text);
  }

  @Override
  public void close() {
    context.close();
    client.shutdownNow();
  }
}
