package io.onnxfleet.gateway;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.netty.ByteBufFlux;
import reactor.netty.http.HttpProtocol;

/** The ways in which clients speak HTTP, beside the usual one. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ProtocolsIT {

  private static final String ANSWER = "{\"model_name\":\"a\"}";

  /** What a streamed answer goes on with, once its beginning has arrived. */
  private volatile Sinks.One<String> rest = Sinks.one();

  private final RunningGateway gateway = new RunningGateway();
  private final FakeReplica one =
      new FakeReplica(
          "one",
          (request, body, response) ->
              request.uri().contains("/streamed/")
                  ? response.send(
                      Flux.concat(Mono.just("{\"a\":"), rest.asMono())
                          .map(half -> Unpooled.copiedBuffer(half, US_ASCII)),
                      half -> true)
                  : response
                      .header("Content-Length", "" + ANSWER.length())
                      .sendString(Mono.just(ANSWER)));

  @BeforeAll
  void register() {
    gateway.register(one, "a:1", "streamed:1");
  }

  @BeforeEach
  void forget() {
    one.received().clear();
  }

  @AfterAll
  void close() {
    one.close();
    gateway.close();
  }

  @Test
  void http10_isAnswered_withAndWithoutKeepAlive() throws Exception {
    String plain = RawClient.exchange(gateway, http10("a", "")).toLowerCase(Locale.ROOT);
    assertThat(plain).contains(" 200 ").endsWith(ANSWER).doesNotContain("transfer-encoding");

    assertThat(streamed(http10("streamed", ""))).contains(" 200 ").endsWith("\r\n\r\n{\"a\":1}");
    assertThat(streamed(http10("streamed", "Connection: keep-alive\r\n")))
        .contains(" 200 ")
        .endsWith("\r\n\r\n{\"a\":1}");
  }

  /**
   * What comes until the connection's end; the answer's second half is sent after the first came.
   */
  private String streamed(String request) throws Exception {
    rest = Sinks.one();
    try (Socket client = new Socket(InetAddress.getLoopbackAddress(), gateway.port())) {
      client.setSoTimeout(20_000);
      client.getOutputStream().write(request.getBytes(US_ASCII));
      StringBuilder heard = new StringBuilder();
      int read;
      while ((read = client.getInputStream().read()) >= 0) {
        heard.append((char) read);
        if (heard.toString().endsWith("{\"a\":")) {
          rest.tryEmitValue("1}");
        }
      }
      return heard.toString();
    }
  }

  /** Two requests, one connection, both answers whole, and nobody waits for an end. */
  @Test
  void http10_keepsTheConnection_whenItIsAskedTo() throws Exception {
    try (Socket client = new Socket(InetAddress.getLoopbackAddress(), gateway.port())) {
      client.setSoTimeout(10_000);
      for (String path : new String[] {"/v2/models/a", "/v2/health/live", "/v2/models/nobody"}) {
        client
            .getOutputStream()
            .write(
                ("GET " + path + " HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").getBytes(US_ASCII));
        String head = head(client.getInputStream()).toLowerCase(Locale.ROOT);
        assertThat(head).contains("connection: keep-alive").contains("content-length: ");
        int length = Integer.parseInt(head.replaceAll("(?s).*content-length: (\\d+)\r\n.*", "$1"));
        assertThat(client.getInputStream().readNBytes(length)).hasSize(length);
      }
    }
  }

  private static String head(InputStream in) throws Exception {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int read = in.read();
      assertThat(read).as(head.toString()).isNotNegative();
      head.append((char) read);
    }
    return head.toString();
  }

  private static String http10(String model, String headers) {
    return "POST /v2/models/"
        + model
        + "/infer HTTP/1.0\r\n"
        + headers
        + "Content-Length: 2\r\n\r\n{}";
  }

  @Test
  void http2_isSpoken_byPriorKnowledge() {
    reactor.netty.http.client.HttpClient client =
        reactor.netty.http.client.HttpClient.create()
            .protocol(HttpProtocol.H2C)
            .baseUrl("http://127.0.0.1:" + gateway.port());
    for (int size : new int[] {2, 100_000, 5_000_000}) {
      String answer =
          client
              .post()
              .uri("/v2/models/a/infer")
              .send(ByteBufFlux.fromString(Mono.just(" ".repeat(size))))
              .responseSingle(
                  (response, body) ->
                      body.asString()
                          .map(text -> response.version() + " " + response.status().code() + text))
              .block();
      assertThat(answer).isEqualTo("HTTP/2.0 200" + ANSWER);
    }
    assertThat(one.received()).hasSize(3);
    assertThat(one.received().getLast().body()).hasSize(5_000_000);
    assertThat(one.received())
        .allSatisfy(
            received ->
                assertThat(received.headers().keySet())
                    .noneMatch(name -> name.toLowerCase(Locale.ROOT).startsWith("x-http2-")));
    assertThat(status(client, "/v2/models/nobody", null)).isEqualTo(404);
    assertThat(status(client, "/v2/models/nobody/infer", " ".repeat(3_000_000))).isEqualTo(404);
  }

  private static @Nullable Integer status(
      reactor.netty.http.client.HttpClient client, String path, @Nullable String body) {
    return (body == null
            ? client.get().uri(path)
            : client.post().uri(path).send(ByteBufFlux.fromString(Mono.just(body))))
        .responseSingle((response, content) -> content.then(Mono.just(response.status().code())))
        .block();
  }

  /** Java's client asks for an upgrade with its first request, also where that has a body. */
  @Test
  void http2_isSpoken_byUpgrade() throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpResponse<String> withBody =
          client.send(
              gateway
                  .request("/v2/models/a/infer")
                  .POST(BodyPublishers.ofString(" ".repeat(3_000_000)))
                  .build(),
              BodyHandlers.ofString());
      assertThat(withBody.statusCode()).isEqualTo(200);
      assertThat(withBody.body()).isEqualTo(ANSWER);
      assertThat(one.received().getLast().body()).hasSize(3_000_000);
      assertThat(one.received().getLast().headers())
          .doesNotContainKeys("Upgrade", "HTTP2-Settings", "Connection");
    }
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpResponse<String> upgraded =
          client.send(gateway.request("/v2/models/a").build(), BodyHandlers.ofString());
      assertThat(upgraded.version()).isEqualTo(HttpClient.Version.HTTP_2);
      assertThat(upgraded.body()).isEqualTo(ANSWER);
      HttpResponse<String> later =
          client.send(
              gateway
                  .request("/v2/models/a/infer")
                  .POST(BodyPublishers.ofString(" ".repeat(3_000_000)))
                  .build(),
              BodyHandlers.ofString());
      assertThat(later.version()).isEqualTo(HttpClient.Version.HTTP_2);
      assertThat(later.statusCode()).isEqualTo(200);
    }
  }

  @Test
  void continuation_isPromised_onlyWhereTheBodyIsWanted() throws Exception {
    try (Socket client = new Socket(InetAddress.getLoopbackAddress(), gateway.port())) {
      client.setSoTimeout(10_000);
      String expecting =
          " HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
      client.getOutputStream().write(("POST /v2/models/a/infer" + expecting).getBytes(US_ASCII));
      assertThat(head(client.getInputStream())).startsWith("HTTP/1.1 100 ");
      client.getOutputStream().write("{}".getBytes(US_ASCII));
      assertThat(head(client.getInputStream())).startsWith("HTTP/1.1 200 ");
    }
    String refused =
        RawClient.exchange(
            gateway,
            """
            POST /v2/models/nobody/infer HTTP/1.1
            Host: x
            Expect: 100-continue
            Content-Length: 2

            """
                .replace("\n", "\r\n"));
    assertThat(refused).startsWith("HTTP/1.1 404 ");
  }

  @Test
  void slashAtTheEnd_changesNothing() throws Exception {
    for (String path :
        new String[] {"/v2/models/a", "/v2/models/a/ready", "/v2/models/a/versions/1/config"}) {
      assertThat(gateway.get(path + "/").statusCode()).as(path).isEqualTo(200);
      assertThat(one.received().getLast().uri()).isEqualTo(path);
    }
    assertThat(gateway.get("/v2/models/a/?x=/").statusCode()).isEqualTo(200);
    assertThat(one.received().getLast().uri()).isEqualTo("/v2/models/a?x=/");
    for (String path : new String[] {"/v2/models/a/infer", "/v1/embeddings"}) {
      assertThat(gateway.post(path + "/", "{\"model\":\"a\"}").statusCode()).isEqualTo(200);
      assertThat(one.received().getLast().uri()).isEqualTo(path);
    }
    for (String path : new String[] {"/v2/models/a/stats", "/v2/models/stats", "/v1/models"}) {
      assertThat(gateway.get(path + "/").statusCode()).as(path).isEqualTo(200);
      assertThat(one.received().getLast().uri()).isEqualTo(path);
    }
    assertThat(gateway.get("/v2/").statusCode()).isEqualTo(200);
    assertThat(gateway.get("/v2/health/ready/").body()).isEqualTo("{\"ready\":true}");
    assertThat(gateway.get("/v2/health/live/").body()).isEqualTo("{\"live\":true}");
  }

  @Test
  void model_thatNobodyHas_isNamedInTritonsWords() throws Exception {
    for (String path : new String[] {"/v2/models/x", "/v2/models/x/ready", "/v2/models/x/stats"}) {
      HttpResponse<String> answer = gateway.get(path);
      assertThat(answer.statusCode()).isEqualTo(404);
      assertThat(answer.body())
          .isEqualTo("{\"error\":\"Request for unknown model: 'x' is not found\"}");
    }
  }

  /** The gateway adds some headers when it passes a request on. */
  @Test
  void headers_belowTheLimit_areServed() throws Exception {
    for (int size : new int[] {15_000, 16_000, 16_300}) {
      String answer =
          RawClient.exchange(
              gateway,
              "GET /v2/models/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: "
                  + "x".repeat(size - 60)
                  + "\r\n\r\n");
      assertThat(answer).startsWith("HTTP/1.1 200 ");
    }
    assertThat(one.received().getLast().headers()).containsKeys("X-Request-Id", "traceparent");
  }
}
