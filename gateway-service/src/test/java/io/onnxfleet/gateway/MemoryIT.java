package io.onnxfleet.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A gateway of its own process, with its JVM's options and the heap that it has on Kubernetes. */
class MemoryIT {

  /** 40 % of the 768 MiB of k8s/base/gateway-service.yaml (docker/ImageLayout.java). */
  private static final int HEAP_ON_KUBERNETES_MB = 768 * 40 / 100;

  private static final int MEGABYTE = 1024 * 1024;

  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  @TempDir Path folder;

  /** One of the first kind ended the process once. */
  @Test
  void gateway_serves_whileGiantsAreSent() throws Exception {
    try (FakeReplica one = FakeReplica.answering("one", "{}")) {
      GatewayProcess gateway = start(one, HEAP_ON_KUBERNETES_MB);
      try {
        List<byte[]> kinds =
            List.of(
                InflatedBodiesIT.giant("{\"model\":\"", 62 * MEGABYTE, "\"}"),
                InflatedBodiesIT.giant("{\"", 62 * MEGABYTE, "\":1}"),
                InflatedBodiesIT.giant("{\"id\":\"", 62 * MEGABYTE, "\",\"model\":\"a\"}"),
                InflatedBodiesIT.giant("{\"input\":", 62 * MEGABYTE, ",\"model\":\"a\"}"));
        List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
          for (byte[] giant : kinds) {
            answers.add(post(gateway, "/v1/embeddings", giant, "gzip"));
          }
          answers.add(post(gateway, "/v1/embeddings", new byte[60 * MEGABYTE], null));
          answers.add(post(gateway, "/v2/repository/index", deep(), null));
        }
        for (CompletableFuture<HttpResponse<String>> answer : answers) {
          assertThat(answer.get(120, TimeUnit.SECONDS).statusCode()).isIn(200, 400, 413, 429);
        }
        assertServes(gateway);
      } finally {
        gateway.process.destroyForcibly();
      }
    }
  }

  /** Bodies took all of the heap once, and every request waited for its deadline. */
  @Test
  void gateway_serves_whileMoreIsToBeKeptThanTheHeapHas() throws Exception {
    byte[] body = new byte[20 * MEGABYTE];
    try (FakeReplica one = FakeReplica.answering("one", "{}")) {
      GatewayProcess gateway = start(one, 96, "--fleet.gateway.admission.kept-bodies=10GB");
      try {
        List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
          answers.add(post(gateway, "/v1/embeddings", body, null));
        }
        assertServes(gateway);
        Set<Integer> statuses = new TreeSet<>();
        for (CompletableFuture<HttpResponse<String>> answer : answers) {
          statuses.add(answer.get(120, TimeUnit.SECONDS).statusCode());
        }
        // One at a time has room, and is read: it is no JSON.
        assertThat(statuses).containsExactly(400, 429);
        assertServes(gateway);
        assertThat(Files.readString(gateway.log)).contains("admission.kept-bodies: 10737418240");
      } finally {
        gateway.process.destroyForcibly();
      }
    }
  }

  private void assertServes(GatewayProcess gateway) throws Exception {
    assertThat(gateway.process.isAlive()).as(Files.readString(gateway.log)).isTrue();
    byte[] body = "{\"model\":\"a\",\"input\":\"x\"}".getBytes(UTF_8);
    for (int i = 0; i < 20; i++) {
      assertThat(post(gateway, "/v1/embeddings", body, null).get(20, TimeUnit.SECONDS).statusCode())
          .isEqualTo(200);
    }
  }

  private static byte[] deep() {
    return "[".repeat(60_000).getBytes(UTF_8);
  }

  private CompletableFuture<HttpResponse<String>> post(
      GatewayProcess gateway, String path, byte[] body, @Nullable String encoding) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + gateway.port + path))
            .timeout(Duration.ofSeconds(100))
            .POST(BodyPublishers.ofByteArray(body));
    if (encoding != null) {
      request.header("Content-Encoding", encoding);
    }
    return client.sendAsync(request.build(), BodyHandlers.ofString());
  }

  private record GatewayProcess(Process process, int port, Path log) {}

  private GatewayProcess start(FakeReplica replica, int heapMegabytes, String... further)
      throws Exception {
    int port = BrokenReplica.refusingPort();
    Path log = folder.resolve("gateway.log");
    String instance = "--spring.cloud.discovery.client.simple.instances.inference-service[0].";
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElseThrow());
    command.addAll(jvmOptions());
    command.addAll(
        List.of(
            "-Xmx" + heapMegabytes + "m",
            "-cp",
            System.getProperty("java.class.path"),
            GatewayService.class.getName(),
            "--server.port=" + port,
            "--eureka.client.enabled=false",
            instance + "uri=http://127.0.0.1:" + replica.port(),
            instance + "instance-id=one",
            instance + "metadata.models-ready=a:1"));
    command.addAll(Arrays.asList(further));
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    GatewayProcess gateway = new GatewayProcess(process, port, log);
    byte[] body = "{\"model\":\"a\"}".getBytes(UTF_8);
    Awaitility.await()
        .atMost(Duration.ofMinutes(2))
        .failFast(() -> assertThat(process.isAlive()).as(Files.readString(log)).isTrue())
        .ignoreExceptionsInstanceOf(ExecutionException.class)
        .until(() -> post(gateway, "/v1/embeddings", body, null).get().statusCode() == 200);
    return gateway;
  }

  /** As the poms say; a later heap wins. */
  private static List<String> jvmOptions() throws IOException {
    String serving = property(Path.of("../pom.xml"), "jvm.options.serving");
    return List.of(
        property(Path.of("pom.xml"), "jvm.options")
            .replace("${jvm.options.serving}", serving)
            .split(" "));
  }

  private static String property(Path pom, String name) throws IOException {
    Matcher matcher =
        Pattern.compile("<" + Pattern.quote(name) + ">([^<]*)<").matcher(Files.readString(pom));
    assertThat(matcher.find()).as(pom + ": " + name).isTrue();
    return matcher.group(1);
  }
}
