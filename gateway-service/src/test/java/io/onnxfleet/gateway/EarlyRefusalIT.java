package io.onnxfleet.gateway;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.gateway.admission.ConcurrencyLimiter;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Mono;

/**
 * Answers that are given before the body was read reach clients that send all of it before they
 * read. Each is asked for several times, for a reset is a matter of who comes first.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EarlyRefusalIT {

  private static final int LIMIT = 4 * 1024 * 1024;
  private static final int TIMES = 5;

  private final RunningGateway gateway =
      new RunningGateway(
          "fleet.gateway.admission.max-body-size=" + LIMIT,
          "fleet.gateway.administration.token=secret",
          "server.http2.enabled=true");
  private final RunningGateway full =
      new RunningGateway("fleet.gateway.admission.max-concurrent-requests=1");
  private final FakeReplica stuck =
      new FakeReplica("stuck", (request, body, response) -> Mono.<Void>never());
  private final FakeReplica one = FakeReplica.answering("one", "{}");

  @BeforeAll
  void replicas() throws Exception {
    gateway
        .registry()
        .register("one", one.port(), Map.of("models-ready", "a:1", "models-known", "a,cold"));
    gateway.look();
    full.register(stuck, "a:1");
    var _ = full.postLater("/v2/models/a/infer", "{}");
    ConcurrencyLimiter limiter = full.bean(ConcurrencyLimiter.class);
    Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> limiter.admitted() == 1);
  }

  @AfterAll
  void close() {
    stuck.close();
    one.close();
    full.close();
    gateway.close();
  }

  record Refused(String method, String path, int status, int bytes, boolean isFull) {
    @Override
    public String toString() {
      return status + " " + path;
    }
  }

  static Stream<Refused> refused() {
    int large = 3 * LIMIT;
    return Stream.of(
        new Refused("POST", "/v2/models/a/infer", 413, large, false),
        new Refused("POST", "/v1/embeddings", 413, large, false),
        new Refused("POST", "/v2/repository/index", 413, large, false),
        new Refused("POST", "/v2/models/nobody/infer", 404, large, false),
        new Refused("POST", "/v3/else", 404, large, false),
        new Refused("POST", "/elsewhere", 404, large, false),
        new Refused("PUT", "/v2/models/a/infer", 405, large, false),
        new Refused("POST", "/v2/repository/models/a/load", 401, large, false),
        new Refused("PUT", "/v2/fleet/rollouts/a", 401, large, false),
        new Refused("POST", "/v2/models/cold/infer", 503, large, false),
        new Refused("POST", "/v2/models/a/infer", 429, large, true));
  }

  @ParameterizedTest
  @MethodSource("refused")
  void refusal_reachesASocket_thatSendsAllBeforeItReads(Refused refused) throws Exception {
    for (String version : List.of("HTTP/1.1", "HTTP/1.0")) {
      for (int i = 0; i < TIMES; i++) {
        String answer = sendThenRead(refused, version, "Content-Length: " + refused.bytes, false);
        assertThat(answer).as("%s, %s", version, i).contains(" " + refused.status + " ");
        assertThat(answer).contains("\"error\":");
      }
    }
    String chunked = sendThenRead(refused, "HTTP/1.1", "Transfer-Encoding: chunked", true);
    assertThat(chunked).contains(" " + refused.status + " ").contains("\"error\":");
  }

  @ParameterizedTest
  @MethodSource("refused")
  void refusal_reachesJavasClient(Refused refused) throws Exception {
    for (HttpClient.Version version : HttpClient.Version.values()) {
      try (HttpClient client = HttpClient.newBuilder().version(version).build()) {
        for (int i = 0; i < TIMES; i++) {
          HttpResponse<String> answer =
              client.send(
                  of(refused)
                      .request(refused.path)
                      .method(refused.method, BodyPublishers.ofByteArray(new byte[refused.bytes]))
                      .build(),
                  BodyHandlers.ofString());
          assertThat(answer.statusCode()).as("%s, %s", version, i).isEqualTo(refused.status);
        }
      }
    }
  }

  /** Both send a whole body before they read, as most scripts do. */
  @ParameterizedTest
  @MethodSource("refused")
  void refusal_reachesPythonAndNode(Refused refused) throws Exception {
    for (String[] client : List.of(PYTHON, NODE)) {
      if (!isInstalled(client[0])) {
        System.out.println("left out: " + client[0] + " is not installed");
        continue;
      }
      Process process =
          new ProcessBuilder(
                  client[0],
                  client[1],
                  client[2],
                  Integer.toString(of(refused).port()),
                  refused.method,
                  refused.path,
                  Integer.toString(refused.bytes),
                  Integer.toString(TIMES))
              .redirectErrorStream(true)
              .start();
      String said = new String(process.getInputStream().readAllBytes(), US_ASCII);
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(said.strip().split("\\s+"))
          .as(client[0])
          .hasSize(TIMES)
          .containsOnly(Integer.toString(refused.status));
    }
  }

  private static final String[] PYTHON = {
    "python3",
    "-c",
    """
    import http.client, sys
    port, method, path, size, times = sys.argv[1:]
    for i in range(int(times)):
        connection = http.client.HTTPConnection('127.0.0.1', int(port), timeout=50)
        connection.request(method, path, b' ' * int(size))
        answer = connection.getresponse()
        answer.read()
        print(answer.status)
    """
  };

  private static final String[] NODE = {
    "node",
    "-e",
    """
    const [port, method, path, size, times] = process.argv.slice(1);
    (async () => {
      for (let i = 0; i < times; i++) {
        const answer = await fetch(`http://127.0.0.1:${port}${path}`, {method, body: Buffer.alloc(+size)});
        await answer.text();
        console.log(answer.status);
      }
    })();
    """
  };

  private static boolean isInstalled(String program) {
    return Stream.of(System.getenv("PATH").split(":", -1))
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
  }

  /** The rest of a refused body is thrown away only up to a size; then the client is let down. */
  @Test
  void rest_isTaken_upToTheBounds() throws Exception {
    try (RunningGateway strict =
            new RunningGateway(
                "fleet.gateway.admission.max-body-size=1KB",
                "fleet.gateway.connections.drain-size=1MB",
                "fleet.gateway.connections.drain-time=1s");
        Socket client = new Socket(InetAddress.getLoopbackAddress(), strict.port())) {
      client.setSoTimeout(20_000);
      OutputStream out = client.getOutputStream();
      out.write(
          "POST /v2/models/a/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n"
              .getBytes(US_ASCII));
      assertThat(sent(out, 500_000_000)).isLessThan(100_000_000);
    }
  }

  private static long sent(OutputStream out, long most) {
    byte[] piece = new byte[64 * 1024];
    long sent = 0;
    try {
      while (sent < most) {
        out.write(piece);
        sent += piece.length;
      }
    } catch (IOException reset) {
      return sent;
    }
    return sent;
  }

  private RunningGateway of(Refused refused) {
    return refused.isFull ? full : gateway;
  }

  private String sendThenRead(Refused refused, String version, String length, boolean chunked)
      throws Exception {
    try (Socket client = new Socket(InetAddress.getLoopbackAddress(), of(refused).port())) {
      client.setSoTimeout(30_000);
      OutputStream out = client.getOutputStream();
      out.write(
          "%s %s %s\r\nHost: x\r\nConnection: close\r\n%s\r\n\r\n"
              .formatted(refused.method, refused.path, version, length)
              .getBytes(US_ASCII));
      byte[] body = new byte[refused.bytes];
      if (chunked) {
        out.write((Integer.toHexString(body.length) + "\r\n").getBytes(US_ASCII));
        out.write(body);
        out.write("\r\n0\r\n\r\n".getBytes(US_ASCII));
      } else {
        out.write(body);
      }
      return new String(client.getInputStream().readAllBytes(), US_ASCII);
    }
  }
}
