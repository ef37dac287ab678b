package io.onnxfleet.inference;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.testing.model.TinyModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the web server decides before a handler sees a request holds for inference calls too. */
@Timeout(60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ContainerIT {
  private static final String INFER = "POST /v2/models/wide/infer HTTP/1.1\r\n";
  private static final String BODY =
      "{\"inputs\":[{\"name\":\"x\",\"shape\":[1,4],\"datatype\":\"FP32\",\"data\":[1,2,3,4]}]}";
  private static final String RESULT = "[1.0,2.0,3.0,4.0]";

  /** The first line of HTTP/2, empty SETTINGS. */
  private static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

  private static final byte[] NO_SETTINGS = {0, 0, 0, 4, 0, 0, 0, 0, 0};

  private RunningReplica replica;

  @BeforeAll
  void start(@TempDir Path models) {
    TinyModel.identity(DataType.FP32, "rows", "4").writeTo(models, "wide");
    replica = RunningReplica.serving(models, "--fleet.inference.max-body-size=1MB");
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
  void expect_isAnsweredBeforeTheBodyIsSent() throws IOException {
    try (Socket socket = connect()) {
      send(
          socket,
          INFER
              + "Host: x\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: "
              + BODY.length()
              + "\r\n\r\n");
      assertThat(head(socket.getInputStream())).isEqualTo("HTTP/1.1 100 \r\n\r\n");
      send(socket, BODY);
      assertThat(rest(socket)).startsWith("HTTP/1.1 200").contains(RESULT);
    }
  }

  @Test
  void expect_isAnsweredWithTheRefusal_whereThereIsOne() throws IOException {
    try (Socket socket = connect()) {
      send(socket, INFER + "Host: x\r\nExpect: 100-continue\r\nContent-Length: 9000000\r\n\r\n");
      assertThat(head(socket.getInputStream())).startsWith("HTTP/1.1 413");
    }
    try (Socket socket = connect()) {
      send(
          socket,
          INFER.replace("wide", "none")
              + "Host: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n");
      assertThat(head(socket.getInputStream())).startsWith("HTTP/1.1 404");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          |                                                    400 | Host: 0 of them (expected one)
          Host: x\\r\\nHost: y\\r\\n                           | 400 | Host: 2 of them (expected one)
          Host: x\\r\\nContent-Length: nine\\r\\n              | 400 | Content-Length: nine (expected a number of bytes)
          Host: x\\r\\nContent-Length: -5\\r\\n                | 400 | Content-Length: -5 (expected a number of bytes)
          Host: x\\r\\nContent-Length: 3\\r\\nContent-Length: 4\\r\\n | 400 | Content-Length: 2 of them (expected one)
          Host: x\\r\\nTransfer-Encoding: odd\\r\\n            | 501 | Not Implemented
          Host: x y\\r\\n                                     | 400 | never valid in a domain name
          """)
  void whatTheContainerRefuses_isNotServed(String headers, int status, String reason)
      throws IOException {
    String lines = headers == null ? "" : headers.replace("\\r\\n", "\r\n");
    String length =
        lines.contains("Content-Length") || lines.contains("Transfer")
            ? ""
            : "Content-Length: " + BODY.length() + "\r\n";
    String answer = replica.exchange(INFER + lines + length + "Connection: close\r\n\r\n" + BODY);
    assertThat(answer)
        .startsWith("HTTP/1.1 " + status)
        .contains("\r\n\r\n{\"error\":\"")
        .contains(reason)
        .doesNotContain(RESULT)
        .doesNotContain("Exception");
  }

  @ParameterizedTest
  @ValueSource(strings = {"nothex\r\n", "-1\r\n", "5\r\nabc", "ffffffffffffffffff\r\n", "2\r\n{}x"})
  void brokenChunks_areRefused(String chunks) throws IOException {
    String answer =
        exchangeHalfClosed(
            INFER + "Host: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks);
    assertThat(answer).startsWith("HTTP/1.1 400").contains("{\"error\":\"").doesNotContain(RESULT);
  }

  @ParameterizedTest
  @ValueSource(ints = {16_000, 16_300, 24_000, 32_000, 32_700})
  void headers_areServedBelowTheLimit(int length) throws IOException {
    String answer = withHeader(length);
    boolean served = answer.startsWith("HTTP/1.1 200") && answer.contains(RESULT);
    boolean refused =
        answer.startsWith("HTTP/1.1 431")
            && answer.contains(
                "{\"error\":\"the request's headers are larger than 32768 bytes (expected: <= 32768)\"}");
    assertThat(length < 32_500 ? served : served || refused).as(answer).isTrue();
  }

  @ParameterizedTest
  @ValueSource(ints = {33_000, 40_000, 100_000})
  void headers_areRefusedAboveTheLimit_whichIsTold(int length) throws IOException {
    assertThat(withHeader(length))
        .startsWith("HTTP/1.1 431")
        .contains(
            "{\"error\":\"the request's headers are larger than 32768 bytes (expected: <= 32768)\"}");
  }

  private String withHeader(int length) throws IOException {
    return replica.exchange(
        INFER
            + "Host: x\r\nConnection: close\r\nContent-Length: "
            + BODY.length()
            + "\r\nAuthorization: Bearer "
            + "a".repeat(length)
            + "\r\n\r\n"
            + BODY);
  }

  @Test
  void http10_isServedAndKeptAlive() throws IOException {
    String request =
        INFER.replace("1.1", "1.0") + "%sContent-Length: " + BODY.length() + "\r\n\r\n" + BODY;
    assertThat(replica.exchange(request.formatted(""))).contains(RESULT);
    String large = wide(2_000);
    String kept =
        INFER.replace("1.1", "1.0")
            + "Connection: keep-alive\r\nContent-Length: "
            + large.length()
            + "\r\n\r\n"
            + large;
    try (Socket socket = connect()) {
      send(socket, request.formatted("Connection: keep-alive\r\n"));
      String head = head(socket.getInputStream());
      assertThat(head)
          .startsWith("HTTP/1.")
          .contains(" 200 ")
          .containsIgnoringCase("content-length: ");
      socket.getInputStream().readNBytes(length(head));
      // A long answer has no length beforehand: it ends with the connection.
      send(socket, kept);
      assertThat(rest(socket)).contains(" 200 ").endsWith("]}]}");
    }
  }

  /** A client that sends all of its body before it reads gets the refusal, and no reset. */
  @ParameterizedTest
  @CsvSource({"/v2/models/wide/infer, 413", "/v2/models/none/infer, 404", "/v1/embeddings, 413"})
  void earlyRefusals_arrive_howeverMuchIsSent(String path, int status) throws Exception {
    byte[] piece = new byte[1 << 20];
    int pieces = 80;
    for (int round = 0; round < 3; round++) {
      try (Socket socket = connect()) {
        send(
            socket,
            "POST "
                + path
                + " HTTP/1.1\r\nHost: x\r\nContent-Length: "
                + pieces * piece.length
                + "\r\n\r\n");
        for (int index = 0; index < pieces; index++) {
          socket.getOutputStream().write(piece);
        }
        assertThat(head(socket.getInputStream())).startsWith("HTTP/1.1 " + status);
      }
      HttpResponse<String> response =
          replica
              .client()
              .send(
                  replica
                      .request(path)
                      .POST(BodyPublishers.ofByteArray(new byte[80 << 20]))
                      .build(),
                  BodyHandlers.ofString());
      assertThat(response.statusCode()).isEqualTo(status);
    }
  }

  @Test
  void http2_isServedByUpgrade() throws Exception {
    try (HttpClient client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_2)
            .connectTimeout(Duration.ofSeconds(5))
            .build()) {
      // The first request has a body, which is answered in HTTP/1.1; one without is upgraded.
      HttpResponse<String> first = client.send(call(wide(2_000)), BodyHandlers.ofString());
      assertThat(first.statusCode()).isEqualTo(200);
      HttpResponse<String> ready =
          client.send(replica.request("/v2/health/ready").GET().build(), BodyHandlers.ofString());
      assertThat(ready.version()).isEqualTo(HttpClient.Version.HTTP_2);
      HttpResponse<String> then = client.send(call(BODY), BodyHandlers.ofString());
      assertThat(then.body()).contains(RESULT);
      assertThat(then.version()).isEqualTo(HttpClient.Version.HTTP_2);
      HttpResponse<String> refused =
          client.send(call("x".repeat(2 << 20)), BodyHandlers.ofString());
      assertThat(refused.statusCode()).isEqualTo(413);
    }
  }

  private java.net.http.HttpRequest call(String body) {
    return replica.request("/v2/models/wide/infer").POST(BodyPublishers.ofString(body)).build();
  }

  @Test
  void http2_isServedByPriorKnowledge() throws IOException {
    try (Socket socket = connect()) {
      send(socket, PREFACE);
      socket.getOutputStream().write(NO_SETTINGS);
      socket.getOutputStream().flush();
      // Its own SETTINGS come first: length, type 4, stream 0.
      byte[] frame = socket.getInputStream().readNBytes(9);
      assertThat(frame[3]).isEqualTo((byte) 4);
      assertThat(Arrays.copyOfRange(frame, 5, 9)).containsOnly(0);
      // Whoever leaves before its PING, type 6, has it fail on a broken connection.
      while (frame[3] != 6) {
        int length = ((frame[0] & 0xff) << 16) | ((frame[1] & 0xff) << 8) | (frame[2] & 0xff);
        assertThat(socket.getInputStream().readNBytes(length)).hasSize(length);
        frame = socket.getInputStream().readNBytes(9);
        assertThat(frame).hasSize(9);
      }
    }
  }

  @Test
  void upgrade_withABody_isAnsweredInHttp1() throws IOException {
    String settings = Base64.getUrlEncoder().encodeToString(new byte[0]);
    String answer =
        replica.exchange(
            INFER
                + "Host: x\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: "
                + settings
                + "\r\nContent-Length: "
                + BODY.length()
                + "\r\n\r\n"
                + BODY);
    assertThat(answer).startsWith("HTTP/1.1 200").contains(RESULT);
  }

  private static String wide(int rows) {
    String data = "1,2,3,4,".repeat(rows);
    return "{\"inputs\":[{\"name\":\"x\",\"shape\":[%d,4],\"datatype\":\"FP32\",\"data\":[%s]}]}"
        .formatted(rows, data.substring(0, data.length() - 1));
  }

  private Socket connect() throws IOException {
    return new Socket(InetAddress.getLoopbackAddress(), replica.port());
  }

  private static void send(Socket socket, String text) throws IOException {
    OutputStream out = socket.getOutputStream();
    out.write(text.getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  private String exchangeHalfClosed(String request) throws IOException {
    try (Socket socket = connect()) {
      send(socket, request);
      socket.shutdownOutput();
      return rest(socket);
    }
  }

  private static String head(InputStream in) throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    while (!head.toString(StandardCharsets.UTF_8).endsWith("\r\n\r\n")) {
      int next = in.read();
      if (next < 0) {
        break;
      }
      head.write(next);
    }
    return head.toString(StandardCharsets.UTF_8);
  }

  private static int length(String head) {
    return head.lines()
        .filter(line -> line.toLowerCase(java.util.Locale.ROOT).startsWith("content-length:"))
        .mapToInt(line -> Integer.parseInt(line.substring(15).strip()))
        .findFirst()
        .orElseThrow(() -> new AssertionError(head));
  }

  private static String rest(Socket socket) throws IOException {
    return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }
}
