package io.onnxfleet.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is no request is told so in the API's words, and never reaches a replica. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MalformedRequestsIT {

  private static final String INFER = "POST /v2/models/a/infer HTTP/1.1\r\nHost: x\r\n";

  private final RunningGateway gateway = new RunningGateway();
  private final FakeReplica one = FakeReplica.answering("one", "{}");

  @BeforeAll
  void register() {
    gateway.register(one, "a:1");
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

  @ParameterizedTest
  @ValueSource(
      strings = {
        "garbage\r\n\r\n",
        "GET /v2/health/live HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
        "GET /v2/health/live HTTP/1.1\r\nHost: x\r\nbad name: 1\r\n\r\n",
        "GET /v2/health/live HTTP/1.1\r\n\r\n",
        "GET /v2/health/live HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        "GET /v2/models/%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        INFER + "Content-Length: -1\r\n\r\n",
        INFER + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        INFER + "Content-Length: two\r\n\r\n{}"
      })
  void head_thatCannotBeRead_is400WithAReason(String head) throws Exception {
    String answer = RawClient.exchange(gateway, head);

    assertThat(answer).startsWith("HTTP/1.1 400 ").contains("\r\n\r\n{\"error\":\"");
    assertThat(answer.toLowerCase(java.util.Locale.ROOT)).contains("connection: close");
    assertThat(one.received()).isEmpty();
  }

  @Test
  void head_thatIsTooLarge_is431WithTheLimit() throws Exception {
    String large = "X-Large: " + "x".repeat(17_000) + "\r\n\r\n";

    assertThat(RawClient.exchange(gateway, "GET /v2 HTTP/1.1\r\nHost: x\r\n" + large))
        .startsWith("HTTP/1.1 431 ")
        .endsWith("{\"error\":\"headers: more than 16384 bytes (expected: at most that)\"}");
    assertThat(RawClient.exchange(gateway, "POST /v1/embeddings HTTP/1.1\r\nHost: x\r\n" + large))
        .startsWith("HTTP/1.1 431 ")
        .contains("{\"error\":{\"message\":\"headers: more than 16384 bytes");
    assertThat(
            RawClient.exchange(
                gateway, "GET /v2?" + "x".repeat(9000) + " HTTP/1.1\r\nHost: x\r\n\r\n"))
        .startsWith("HTTP/1.1 414 ")
        .endsWith("{\"error\":\"request line: more than 8192 bytes (expected: at most that)\"}");
    assertThat(gateway.get("/actuator/prometheus").body())
        .containsPattern("fleet_gateway_refused_heads_total\\{.*headers_too_large.*} [1-9]");
  }

  /** Twenty of twenty ran once, with what had come before the broken size. */
  @ParameterizedTest
  @ValueSource(strings = {"zz\r\n{}\r\n0\r\n\r\n", "-2\r\n{}\r\n", "2\r\n{}XX0\r\n\r\n"})
  void brokenChunks_are400_andNeverRun(String rest) throws Exception {
    String head = INFER + "Transfer-Encoding: chunked\r\n\r\n";
    for (String before : new String[] {"", "2\r\n{}\r\n"}) {
      String answer = RawClient.exchange(gateway, head + before + rest);
      assertThat(answer).startsWith("HTTP/1.1 400 ").contains("the body is malformed after");

      String late = RawClient.exchange(gateway, head + before, rest);
      assertThat(late).startsWith("HTTP/1.1 400 ");
    }
    assertThat(one.received()).isEmpty();
    assertThat(gateway.post("/v2/models/a/infer", "{}").statusCode()).isEqualTo(200);
  }

  /** What was passed on already is broken off, not ended. */
  @Test
  void brokenChunks_ofAStreamedBody_neverEndWell() throws Exception {
    String piece = "100000\r\n" + "x".repeat(0x100000) + "\r\n";
    String answer =
        RawClient.exchange(
            gateway,
            INFER + "Transfer-Encoding: chunked\r\n\r\n" + piece,
            piece + piece,
            "zz\r\n0\r\n\r\n");

    assertThat(answer).startsWith("HTTP/1.1 400 ");
    assertThat(one.received()).isEmpty();
  }

  @Test
  void brokenRequest_afterAGoodOne_isAnsweredAfterIt() throws Exception {
    String answers =
        RawClient.exchange(gateway, INFER + "Content-Length: 2\r\n\r\n{}" + "garbage\r\n\r\n");

    assertThat(answers).startsWith("HTTP/1.1 200 ").contains("HTTP/1.1 400 ");
    assertThat(one.received()).hasSize(1);
  }

  @Test
  void brokenBody_ofARequestThatWasRefused_isClosed() throws Exception {
    String answer =
        RawClient.exchange(
            gateway,
            INFER.replace("/a/", "/nobody/") + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
            "zz\r\n");

    assertThat(answer).startsWith("HTTP/1.1 404 ");
  }

  /** Nobody but the caller is to blame for what cannot be read. */
  @Test
  void nesting_is400_whereverTheGatewayReads() throws Exception {
    for (int depth : new int[] {101, 1000, 100_000}) {
      String deep = "{\"x\":" + "[".repeat(depth);
      assertThat(gateway.post("/v1/embeddings", deep).statusCode()).isEqualTo(400);
      assertThat(gateway.post("/v2/repository/index", deep).statusCode())
          .isEqualTo(depth > 60_000 ? 413 : 400);
    }
    assertThat(gateway.post("/v2/repository/index", "{\"ready\":1}").statusCode()).isEqualTo(400);
    assertThat(gateway.post("/v2/repository/index", "[true]").statusCode()).isEqualTo(400);
  }
}
