package io.onnxfleet.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.FleetSecret;
import io.onnxfleet.testing.model.TinyModel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.pem.PemSslStoreBundle;
import org.springframework.boot.ssl.pem.PemSslStoreDetails;
import org.springframework.web.bind.annotation.RequestMethod;
import org.springframework.web.servlet.mvc.method.RequestMappingInfo;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;

/** A replica that knows its gateways by certificates, and what TLS must not change. */
class MutualTlsIT {
  private static final String SECRET = "a-secret-of-this-test-only-0123456789";
  private static final String LOOP = "/v2/models/loop/infer";
  private static final Set<String> OPEN = Set.of("/v2/health/live", "/v2/health/ready");

  @TempDir private static Path folder;
  private static RunningReplica replica;

  @BeforeAll
  static void start() throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                Path.of("..", "build", "DevCertificates.java").toString(),
                folder.toString(),
                "gateway-service",
                "inference-service")
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    TinyModel.loop().writeTo(folder.resolve("models"), "loop");
    replica = start(folder.resolve("models"));
  }

  private static RunningReplica start(Path models, String... arguments) throws Exception {
    String[] all = new String[arguments.length + 6];
    all[0] = "--spring.profiles.active=mutual-tls";
    all[1] = "--fleet.tls.directory=" + folder.resolve("inference-service");
    all[2] = "--fleet.inference.max-run-time=20s";
    all[3] = "--eureka.client.enabled=false";
    all[4] = "--fleet.inference.departure-notice=0s";
    all[5] = "--fleet.inference.cpus=1";
    System.arraycopy(arguments, 0, all, 6, arguments.length);
    RunningReplica started = RunningReplica.started(models, all);
    try (HttpClient nobody = HttpClient.newBuilder().sslContext(tls(false)).build()) {
      await()
          .atMost(Duration.ofMinutes(5))
          .until(() -> send(nobody, started, "/v2/health/ready").statusCode() == 200);
    }
    return started;
  }

  @AfterAll
  static void stop() {
    replica.close();
  }

  /** A client's side, with the gateway's certificate or none. */
  private static SSLContext tls(boolean ofGateway) {
    Path own = folder.resolve("gateway-service");
    PemSslStoreDetails authority =
        PemSslStoreDetails.forCertificate(own.resolve("ca.crt").toUri().toString());
    PemSslStoreDetails shown =
        PemSslStoreDetails.forCertificate(own.resolve("tls.crt").toUri().toString())
            .withPrivateKey(own.resolve("tls.key").toUri().toString());
    return SslBundle.of(new PemSslStoreBundle(ofGateway ? shown : null, authority))
        .createSslContext();
  }

  private static HttpResponse<byte[]> send(
      HttpClient client, RunningReplica to, String path, String... headers) throws Exception {
    return send(client, to, "GET", path, BodyPublishers.noBody(), headers);
  }

  private static HttpResponse<byte[]> send(
      HttpClient client,
      RunningReplica to,
      String method,
      String path,
      BodyPublisher body,
      String... headers)
      throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + to.port() + path))
            .timeout(Duration.ofSeconds(60))
            .method(method, body);
    if (headers.length > 0) {
      request.headers(headers);
    }
    return client.send(request.build(), BodyHandlers.ofByteArray());
  }

  private static String body(long rounds) {
    return """
        {"inputs":[
          {"name":"n","shape":[],"datatype":"INT64","data":[%d]},
          {"name":"going","shape":[],"datatype":"BOOL","data":[true]},
          {"name":"x","shape":[1],"datatype":"FP32","data":[1]}]}"""
        .formatted(rounds);
  }

  private static String request(String body) {
    return request(body, "");
  }

  private static String request(String body, String headers) {
    return "POST %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n%s"
        .formatted(LOOP, headers, body.length(), body);
  }

  private static SSLSocket connect() throws IOException {
    return (SSLSocket)
        tls(true).getSocketFactory().createSocket(InetAddress.getLoopbackAddress(), replica.port());
  }

  /** What handlers there are comes from the framework itself: none can be forgotten. */
  @Test
  void everyHandlerButHealth_needsACertificate() throws Exception {
    Set<String> tried = new TreeSet<>();
    try (HttpClient nobody = HttpClient.newBuilder().sslContext(tls(false)).build();
        HttpClient gateway = HttpClient.newBuilder().sslContext(tls(true)).build()) {
      for (RequestMappingHandlerMapping mapping :
          replica.context().getBeansOfType(RequestMappingHandlerMapping.class).values()) {
        for (RequestMappingInfo handler : mapping.getHandlerMethods().keySet()) {
          for (String pattern : handler.getPatternValues()) {
            String path = pattern.replaceAll("\\{[^}]*}", "x").replace("**", "x").replace("*", "x");
            Set<RequestMethod> methods = handler.getMethodsCondition().getMethods();
            for (RequestMethod method : methods.isEmpty() ? Set.of(RequestMethod.GET) : methods) {
              tried.add(method + " " + path);
              assertThat(
                      send(nobody, replica, method.name(), path, BodyPublishers.noBody())
                          .statusCode())
                  .as("%s %s", method, path)
                  .isEqualTo(OPEN.contains(path) ? 200 : 401);
            }
          }
        }
      }
      assertThat(tried).contains("POST /v2/models/x/infer", "GET /v2/fleet/self");
      for (String path : Set.of("/", "/docs", "/actuator/health", "/actuator/prometheus")) {
        assertThat(send(nobody, replica, path).statusCode()).as(path).isEqualTo(401);
      }
      for (String path : Set.of("/livez", "/readyz", "/actuator/health/readiness")) {
        assertThat(send(nobody, replica, path).statusCode()).as(path).isEqualTo(200);
      }
      assertThat(send(gateway, replica, "/v2/models/loop").statusCode()).isEqualTo(200);
      assertThat(send(gateway, replica, "/actuator/prometheus").statusCode()).isEqualTo(200);
      // By HTTP/2 too, which clients of TLS agree on where they can.
      assertThat(send(gateway, replica, "/v2/models/loop").version())
          .isEqualTo(HttpClient.Version.HTTP_2);
    }
  }

  @Test
  void secretAndCertificate_areBothNeeded_whereBothAreConfigured() throws Exception {
    try (RunningReplica strict = start(folder.resolve("models"), "--fleet.secret=" + SECRET);
        HttpClient nobody = HttpClient.newBuilder().sslContext(tls(false)).build();
        HttpClient gateway = HttpClient.newBuilder().sslContext(tls(true)).build()) {
      String path = "/v2/models/loop";
      String signature =
          FleetSecret.of(SECRET)
              .sign("GET", "127.0.0.1:" + strict.port(), path, System.currentTimeMillis());
      assertThat(send(gateway, strict, path).statusCode()).isEqualTo(401);
      assertThat(send(nobody, strict, path, HeaderNames.SIGNATURE, signature).statusCode())
          .isEqualTo(401);
      assertThat(send(gateway, strict, path, HeaderNames.SIGNATURE, signature).statusCode())
          .isEqualTo(200);
    }
  }

  /** The connection is looked at several times meanwhile. */
  @Test
  void nextRequest_isServed_whenItIsSentWhileAnAnswerIsAwaited() throws Exception {
    String next = "GET /v2/health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    try (SSLSocket socket = connect()) {
      String first = request(body(1L << 62), "Inference-Deadline-Ms: 1500\r\n");
      socket.getOutputStream().write(first.getBytes(StandardCharsets.UTF_8));
      socket.getOutputStream().write(next.getBytes(StandardCharsets.UTF_8));
      socket.setSoTimeout(60_000);
      assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
          .containsSubsequence("HTTP/1.1 504", "HTTP/1.1 200");
    }
  }

  @Test
  void request_isDropped_whenItsClientLeavesWhileItWaits() throws Exception {
    try (HttpClient gateway = HttpClient.newBuilder().sslContext(tls(true)).build();
        SSLSocket first = connect()) {
      first.getOutputStream().write(request(body(1L << 62)).getBytes(StandardCharsets.UTF_8));
      SSLSocket leaving = waitingClient();
      assertThat(waiting(gateway)).isEqualTo(1);
      leaving.close();
      await().atMost(Duration.ofSeconds(5)).until(() -> waiting(gateway) == 0);
      assertThat(isAnswered(first)).as("it has nobody to wait for").isFalse();
    }
  }

  /** Asks until it is not answered at once, since another one runs. */
  private static SSLSocket waitingClient() throws IOException {
    for (int attempt = 0; attempt < 50; attempt++) {
      SSLSocket client = connect();
      client.getOutputStream().write(request(body(1)).getBytes(StandardCharsets.UTF_8));
      if (!isAnswered(client)) {
        return client;
      }
      client.close();
    }
    throw new AssertionError("nobody waits");
  }

  private static boolean isAnswered(SSLSocket client) throws IOException {
    client.setSoTimeout(1_000);
    try {
      return client.getInputStream().read() >= 0;
    } catch (SocketTimeoutException notYet) {
      return false;
    }
  }

  private static int waiting(HttpClient gateway) throws Exception {
    String metrics =
        new String(send(gateway, replica, "/actuator/prometheus").body(), StandardCharsets.UTF_8);
    return metrics
        .lines()
        .filter(line -> line.startsWith("nv_inference_pending_request_count{"))
        .mapToInt(line -> (int) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }
}
