package io.onnxfleet.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.testing.model.TinyModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real replica with the heap of its Kubernetes manifest, which ends at the first lack of memory,
 * under bodies that are made to bring that about: they end as requests, and others are served
 * meanwhile.
 */
@Timeout(300)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HostileBodiesIT {
  /** A quarter of the manifest's 1,536 MB, as the image sets it. */
  private static final String HEAP = "-Xmx384m";

  private static final int GIANT = 60 << 20;
  private static final int AT_ONCE = 4;
  private static final String EMBEDDINGS = "/v1/embeddings";
  private static final String MODEL = "all-minilm-l6-v2";
  private static final String HONEST =
      "{\"inputs\":[{\"name\":\"x\",\"shape\":[1,4],\"datatype\":\"FP32\",\"data\":[1,2,3,4]}]}";

  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private Process replica;
  private int port;
  private Path log;

  @BeforeAll
  void start(@TempDir Path folder) throws IOException {
    Path models = Files.createDirectory(folder.resolve("models"));
    TinyModel.identity(DataType.FP32, "rows", "4").writeTo(models, "wide");
    TinyModel.identity(DataType.BYTES, "rows", "1").writeTo(models, "text");
    Path own = Path.of(System.getProperty("fleet.root", ".."), "models").toRealPath();
    Files.createSymbolicLink(models.resolve(MODEL), own.resolve(MODEL));
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    log = folder.resolve("log");
    List<String> command =
        List.of(
            ProcessHandle.current().info().command().orElseThrow(),
            "-XX:+UseSerialGC",
            HEAP,
            "-XX:+ExitOnOutOfMemoryError",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            InferenceService.class.getName(),
            "--server.port=" + port,
            "--eureka.client.enabled=false",
            "--fleet.inference.models=" + models);
    replica =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(Redirect.to(log.toFile()))
            .start();
    await()
        .atMost(Duration.ofMinutes(3))
        .pollInterval(Duration.ofMillis(200))
        .until(() -> !replica.isAlive() || isReady());
    assertAlive("at the start");
  }

  private boolean isReady() {
    try {
      return client
              .send(request("/v2/health/ready").GET().build(), BodyHandlers.discarding())
              .statusCode()
          == 200;
    } catch (IOException | InterruptedException notYet) {
      return false;
    }
  }

  @AfterAll
  void stop() throws InterruptedException {
    client.shutdownNow();
    replica.destroy();
    replica.waitFor();
  }

  @Test
  void replica_outlivesBodiesThatAreMadeToEndIt_andServesOthersMeanwhile() throws Exception {
    Map<String, Call> calls = new LinkedHashMap<>();
    String infer = "/v2/models/wide/infer";
    calls.put("id", new Call(infer, "{\"inputs\":[],\"id\":\"", "a", "\"}", 400));
    calls.put("key", new Call(infer, "{\"inputs\":[],\"", "a", "\":1}", 400));
    calls.put("input's name", new Call(infer, "{\"inputs\":[{\"name\":\"", "a", "\"}]}", 400));
    calls.put("output's name", new Call(infer, "{\"outputs\":[{\"name\":\"", "a", "\"}]}", 400));
    calls.put("parameter", new Call(infer, "{\"parameters\":{\"", "a", "\":1}}", 400));
    calls.put("unknown value", new Call(infer, "{\"unknown\":\"", "a", "\"}", 400));
    calls.put("unknown keys", new Call(infer, "{", "\"a1234\":1,", "\"x\":1}", 400));
    calls.put("unknown numbers", new Call(infer, "{\"unknown\":[", "1,", "1]}", 400));
    calls.put("escapes", new Call(infer, "{\"unknown\":\"", "\\u20ac", "\"}", 400));
    calls.put("nesting", new Call(infer, "{\"inputs\":", "[", "", 400));
    calls.put("shapes", new Call(infer, "{\"inputs\":[{\"shape\":[", "1,", "1]}]}", 400));
    calls.put("white space", new Call(infer, "{", " ", "}", 400));
    calls.put("no JSON", new Call(infer, "", "x", "", 400));
    String text = "/v2/models/text/infer";
    calls.put(
        "element",
        new Call(
            text,
            "{\"inputs\":[{\"name\":\"x\",\"shape\":[1,1],\"datatype\":\"BYTES\",\"data\":[\"",
            "a",
            "\"]}]}",
            200));
    calls.put(
        "late element",
        new Call(
            text,
            "{\"inputs\":[{\"name\":\"x\",\"data\":[\"",
            "a",
            "\"],\"shape\":[1,1],\"datatype\":\"BYTES\"}]}",
            200));
    calls.put(
        "late escapes",
        new Call(
            text,
            "{\"inputs\":[{\"name\":\"x\",\"data\":[\"",
            "\\n",
            "\"],\"shape\":[1,1],\"datatype\":\"BYTES\"}]}",
            200));
    calls.put("model", new Call(EMBEDDINGS, "{\"input\":\"a\",\"model\":\"", "a", "\"}", 413));
    calls.put("input", new Call(EMBEDDINGS, "{\"input\":\"", "a b ", "\"}", 413));
    calls.put("inputs", new Call(EMBEDDINGS, "{\"input\":[", "\"a\",", "\"a\"]}", 400));
    calls.put("tokens", new Call(EMBEDDINGS, "{\"input\":[", "7,", "7]}", 413));
    calls.put("argument", new Call(EMBEDDINGS, "{\"input\":\"a\",\"", "a", "\":1}", 400));
    calls.put("ignored", new Call(EMBEDDINGS, "{\"input\":\"a\",\"user\":\"", "a", "\"}", 200));
    calls.put("index", new Call("/v2/repository/index", "{\"x\":\"", "a", "\"}", 413));
    for (Map.Entry<String, Call> call : calls.entrySet()) {
      byte[] plain = call.getValue().body();
      for (boolean compressed : new boolean[] {false, true}) {
        byte[] body = compressed ? gzip(plain) : plain;
        Map<Integer, Integer> statuses = attack(call.getValue(), body, compressed);
        assertAlive(call.getKey());
        assertThat(statuses.keySet())
            .as("%s, compressed: %s: %s", call.getKey(), compressed, statuses)
            .isSubsetOf(call.getValue().status(), 429);
        // At once they may refuse each other; alone it gets the answer that it should.
        HttpResponse<Void> alone =
            client.send(request(call.getValue(), body, compressed), BodyHandlers.discarding());
        assertThat(alone.statusCode())
            .as("%s, compressed: %s", call.getKey(), compressed)
            .isEqualTo(call.getValue().status());
        assertAlive(call.getKey());
      }
    }
  }

  /** The same from several clients at once, while another asks for what it may. */
  private Map<Integer, Integer> attack(Call call, byte[] body, boolean compressed)
      throws Exception {
    AtomicInteger under = new AtomicInteger(AT_ONCE);
    List<CompletableFuture<HttpResponse<Void>>> answers = new ArrayList<>();
    for (int index = 0; index < AT_ONCE; index++) {
      CompletableFuture<HttpResponse<Void>> answer =
          client.sendAsync(request(call, body, compressed), BodyHandlers.discarding());
      answers.add(answer.whenComplete((response, failure) -> under.decrementAndGet()));
    }
    int served = 0;
    while (under.get() > 0 && replica.isAlive()) {
      assertThat(status("/v2/health/live", "")).isEqualTo(200);
      assertThat(status("/v2/models/wide/infer", HONEST)).isEqualTo(200);
      served++;
      Thread.sleep(5);
    }
    assertThat(served).isPositive();
    Map<Integer, Integer> statuses = new TreeMap<>();
    for (CompletableFuture<HttpResponse<Void>> answer : answers) {
      statuses.merge(answer.join().statusCode(), 1, Integer::sum);
    }
    return statuses;
  }

  private int status(String path, String body) throws IOException, InterruptedException {
    HttpRequest request =
        body.isEmpty()
            ? request(path).GET().build()
            : request(path).POST(BodyPublishers.ofString(body)).build();
    return client.send(request, BodyHandlers.discarding()).statusCode();
  }

  private HttpRequest request(Call call, byte[] body, boolean compressed) {
    HttpRequest.Builder request = request(call.path()).POST(BodyPublishers.ofByteArray(body));
    return (compressed ? request.header("Content-Encoding", "gzip") : request).build();
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
        .timeout(Duration.ofSeconds(30));
  }

  private void assertAlive(String after) throws IOException {
    assertThat(replica.isAlive()).as("%s%n%s", after, Files.readString(log)).isTrue();
  }

  private static byte[] gzip(byte[] plain) throws IOException {
    ByteArrayOutputStream compressed = new ByteArrayOutputStream();
    try (OutputStream gzip = new GZIPOutputStream(compressed)) {
      gzip.write(plain);
    }
    return compressed.toByteArray();
  }

  /** A body of a start, a part that is repeated to a giant's size, and an end. */
  private record Call(String path, String start, String part, String end, int status) {
    byte[] body() {
      return (start + part.repeat(GIANT / part.length()) + end).getBytes(StandardCharsets.UTF_8);
    }
  }
}
