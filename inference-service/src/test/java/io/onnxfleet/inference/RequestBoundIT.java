package io.onnxfleet.inference;

import static io.onnxfleet.inference.RunningReplica.json;
import static io.onnxfleet.inference.RunningReplica.text;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.testing.model.TinyModel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.web.servlet.HandlerInterceptor;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/** One bound for every request that is worked on, whichever way and protocol it comes by. */
class RequestBoundIT {
  private static final String INFER = "/v2/models/wide/infer";
  private static final String EMBEDDINGS = "/v1/embeddings";
  private static final String INDEX = "/v2/repository/index";
  private static final String TENSOR =
      "{\"inputs\":[{\"name\":\"x\",\"shape\":[1,4],\"datatype\":\"FP32\",\"data\":[1,2,3,4]}]}";
  private static final String TEXT = "{\"model\":\"wide\",\"input\":\"a\"}";
  private static final String CONTINUE = "HTTP/1.1 100";
  private static final String FULL = "this replica has as many requests as it takes at once";

  @TempDir private Path models;

  /** Has everything served by controllers. */
  static class Intercepted implements WebMvcConfigurer {
    @Override
    public void addInterceptors(InterceptorRegistry registry) {
      registry.addInterceptor(new HandlerInterceptor() {});
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {INFER, EMBEDDINGS, INDEX})
  void request_isRefused_whileAnotherTakesTheOnePlace(String first) throws IOException {
    try (RunningReplica replica = serving(List.of())) {
      assertAllAreBound(replica, first);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {INFER, EMBEDDINGS, INDEX})
  void request_takesOnePlaceOnly_whenControllersServeIt(String first) throws IOException {
    try (RunningReplica replica = serving(List.of(Intercepted.class))) {
      assertAllAreBound(replica, first);
    }
  }

  @Test
  void health_isAnswered_whileAllPlacesAreTaken() throws IOException {
    try (RunningReplica replica = serving(List.of());
        Socket _ = holdPlace(replica, EMBEDDINGS)) {
      assertThat(replica.get("/v2/health/ready").statusCode()).isEqualTo(200);
      assertThat(replica.get("/v2/models/wide").statusCode()).isEqualTo(200);
    }
  }

  private static void assertAllAreBound(RunningReplica replica, String first) throws IOException {
    assertAllAreServed(replica);
    try (Socket _ = holdPlace(replica, first)) {
      HttpResponse<byte[]> infer = replica.post(INFER, TENSOR);
      assertThat(infer.statusCode()).isEqualTo(429);
      assertThat(infer.headers().firstValue("Retry-After")).isPresent();
      assertThat(json(infer).get("error").asString()).isEqualTo(FULL);
      HttpResponse<byte[]> embeddings = replica.post(EMBEDDINGS, TEXT);
      assertThat(embeddings.statusCode()).isEqualTo(429);
      assertThat(embeddings.headers().firstValue("Retry-After")).isPresent();
      assertThat(json(embeddings).at("/error/message").asString()).isEqualTo(FULL);
      assertThat(json(embeddings).at("/error/code").asString()).isEqualTo("rate_limit_exceeded");
      HttpResponse<byte[]> index = replica.post(INDEX, "");
      assertThat(index.statusCode()).isEqualTo(429);
      assertThat(json(index).get("error").asString()).isEqualTo(FULL);
    }
    await().atMost(Duration.ofSeconds(60)).until(() -> replica.post(INDEX, "").statusCode() == 200);
    assertAllAreServed(replica);
  }

  /** One after the other, so that each has the place to itself. */
  private static void assertAllAreServed(RunningReplica replica) {
    for (int times = 0; times < 3; times++) {
      assertServed(() -> replica.post(INFER, TENSOR), "[1.0,2.0,3.0,4.0]");
      assertServed(() -> replica.post(EMBEDDINGS, TEXT), "does not serve text");
      assertServed(() -> replica.post(INDEX, ""), "READY");
    }
  }

  /** An answer may reach its caller a moment before the place is free again. */
  private static void assertServed(Supplier<HttpResponse<byte[]>> request, String answer) {
    await()
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofMillis(5))
        .until(request::get, response -> text(response).contains(answer));
  }

  /** Begins a request whose body does not come, and returns once it is being read. */
  private static Socket holdPlace(RunningReplica replica, String path) {
    return await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> begin(replica, path), Objects::nonNull);
  }

  /** Null if the last request's place was not free yet. */
  private static @Nullable Socket begin(RunningReplica replica, String path) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), replica.port());
    socket
        .getOutputStream()
        .write(
            "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n"
                .formatted(path)
                .getBytes(UTF_8));
    String answer = new String(socket.getInputStream().readNBytes(CONTINUE.length()), UTF_8);
    if (answer.equals(CONTINUE)) {
      return socket;
    }
    socket.close();
    return null;
  }

  private RunningReplica serving(List<Class<?>> added) {
    TinyModel.identity(DataType.FP32, "rows", "4").writeTo(models, "wide");
    return RunningReplica.serving(models, added, "--fleet.inference.max-concurrent-requests=1");
  }
}
