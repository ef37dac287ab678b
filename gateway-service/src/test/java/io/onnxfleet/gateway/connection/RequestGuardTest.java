package io.onnxfleet.gateway.connection;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RequestGuardTest {

  private static final String GET = "GET /v2 HTTP/1.1\r\nHost: x\r\n\r\n";

  private final GuardedConnection connection = new GuardedConnection();

  private void assertRefusedAs(String status, String code) {
    assertThat(connection.sent()).startsWith("HTTP/1.1 " + status).contains(code, "close");
    assertThat(connection.channel.isOutputShutdown()).isTrue();
    assertThat(connection.passedOn()).isEmpty();
  }

  @Test
  void requests_goOn_oneAfterAnother() {
    connection.receives(GET);
    assertThat(connection.passedOn()).isEqualTo("GET /v2 ;");
    connection.answers(200, "ok");
    connection.receives("POST /v2 HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab");
    connection.receives("cd");
    assertThat(connection.passedOn()).isEqualTo("POST /v2 abcd;");
    connection.answers(200, "done");
    assertThat(connection.sent()).contains("ok", "done").doesNotContain("close");
    assertThat(connection.channel.isOpen()).isTrue();
  }

  @Test
  void head_isRefused_unlessItNamesOneHost() {
    connection.receives("GET /v2 HTTP/1.1\r\n\r\n");
    assertRefusedAs("400", "no such header");

    GuardedConnection other = new GuardedConnection();
    other.receives("GET /v2 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    assertThat(other.sent()).contains("'a'", "'b'", "expected: one");
    assertThat(other.refused("malformed_request")).isEqualTo(1);
  }

  @Test
  void headThatCannotBeRead_isRefused() {
    connection.receives("nonsense\r\n\r\n");
    assertRefusedAs("400", "malformed request");
    assertThat(connection.refused("malformed_request")).isEqualTo(1);
  }

  @Test
  void lineThatIsTooLong_isRefused() {
    connection.receives("GET /" + "x".repeat(300) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    assertRefusedAs("414", "more than 200 bytes");
    assertThat(connection.refused("request_line_too_long")).isEqualTo(1);
  }

  @Test
  void headersThatAreTooLarge_areRefused() {
    connection.receives("GET /v2 HTTP/1.1\r\nHost: x\r\nX: " + "x".repeat(500) + "\r\n\r\n");
    assertRefusedAs("431", "more than 400 bytes");
    assertThat(connection.refused("headers_too_large")).isEqualTo(1);
  }

  @Test
  void refusal_waitsForTheAnswersBeforeIt_andNothingAfterItIsRead() {
    connection.receives(GET);
    connection.receives("nonsense\r\n\r\n");
    connection.receives(GET);
    assertThat(connection.passedOn()).isEqualTo("GET /v2 ;");
    assertThat(connection.sent()).isEmpty();

    connection.answers(200, "first");

    assertThat(connection.sent()).containsSubsequence("200", "first", "400", "malformed");
    assertThat(connection.channel.isOutputShutdown()).isTrue();
  }

  @Test
  void bodyThatBreaks_ends_andItsAnswerIsTheLast() {
    connection.receives("POST /v2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    connection.receives("2\r\nab\r\nnonsense\r\n");
    assertThat(connection.passedOn()).isEqualTo("POST /v2 ab;");
    assertThat(connection.progress.part()).isEqualTo(RequestProgress.Part.BROKEN);

    connection.answers(400, "why");

    assertThat(connection.sent()).contains("why", "close");
    assertThat(connection.channel.isOutputShutdown()).isTrue();
  }

  @Test
  void bodyThatBreaks_endsTheConnection_whenItsRequestIsAnswered() {
    connection.receives("POST /v2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    connection.answers(404, "no");
    connection.receives("nonsense\r\n");
    assertThat(connection.passedOn()).isEqualTo("POST /v2 ");
    assertThat(connection.channel.isOutputShutdown()).isTrue();
  }

  @Test
  void headThatDoesNotCome_isAnswered() {
    connection.receives("GET /v2 HT");
    connection.requests.refuseHead(connection.channel.pipeline().firstContext());
    connection.channel.runPendingTasks();
    assertRefusedAs("408", "did not come in time");
    assertThat(connection.refused("head_timeout")).isEqualTo(1);
  }

  @Test
  void headThatDoesNotCome_isAnswered_whenTheRequestsBeforeItAre() {
    connection.receives(GET + "GET /v2 HT");
    connection.requests.refuseHead(connection.channel.pipeline().firstContext());
    connection.channel.runPendingTasks();
    assertThat(connection.sent()).isEmpty();

    connection.answers(200, "first");

    assertThat(connection.sent()).containsSubsequence("200", "first", "408", "in time");
    assertThat(connection.channel.isOutputShutdown()).isTrue();
  }

  @Test
  void otherProtocols_passBy() {
    connection.channel.writeInbound("a frame");
    assertThat(connection.channel.<String>readInbound()).isEqualTo("a frame");
    assertThat(connection.progress.part()).isEqualTo(RequestProgress.Part.OTHER);
  }

  @ParameterizedTest
  @CsvSource({
    "Content-Length: 2, false",
    "Transfer-Encoding: chunked, false",
    "Content-Length: 0, true",
    "X: y, true"
  })
  void upgrade_isIgnored_whereABodyComes(String header, boolean stays) {
    connection.receives(
        "POST /v2 HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nHTTP2-Settings: a\r\n"
            + header
            + "\r\n\r\n");
    HttpRequest request = connection.channel.readInbound();
    assertThat(request.headers().contains(HttpHeaderNames.UPGRADE)).isEqualTo(stays);
    assertThat(request.headers().contains("HTTP2-Settings")).isEqualTo(stays);
  }

  @ParameterizedTest
  @CsvSource({"400, MALFORMED", "404, unknown path", "405, not allowed", "413, too large"})
  void refusalWithoutAWord_getsOne(int status, String word) {
    connection.receives(GET);
    connection.answers(status, "");
    assertThat(connection.sent())
        .startsWith("HTTP/1.1 " + status)
        .containsIgnoringCase(word)
        .contains("application/json");
  }

  @Test
  void refusalWithoutAWord_staysSo_whenNoBodyIsWanted() {
    connection.receives("HEAD /v2 HTTP/1.1\r\nHost: x\r\n\r\n");
    connection.answers(404, "");
    assertThat(connection.sent()).startsWith("HTTP/1.1 404").doesNotContain("json");
  }

  /** A client need not wait for one answer before it asks again. */
  @Test
  void answers_haveTheFormOfTheirOwnRequests_whenSeveralCameAtOnce() {
    connection.receives("HEAD /v2 HTTP/1.1\r\nHost: x\r\n\r\n" + GET);
    connection.answers(404, "");
    assertThat(connection.sent()).startsWith("HTTP/1.1 404").doesNotContain("json");
    connection.answers(404, "");
    assertThat(connection.sent()).startsWith("HTTP/1.1 404").contains("unknown path");
  }

  @Test
  void answer_isNotTheOneToARequestThatIsStillBeingSent_whenAnEarlierOneWaits() {
    connection.receives(GET + "POST /v2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    connection.answers(200, "first");
    assertThat(connection.progress.isAnswered()).isFalse();

    connection.receives("2\r\nab\r\nnonsense\r\n");

    assertThat(connection.passedOn()).isEqualTo("GET /v2 ;POST /v2 ab;");
    connection.answers(400, "why");
    assertThat(connection.sent()).containsSubsequence("first", "why");
    assertThat(connection.channel.isOutputShutdown()).isTrue();
  }

  @Test
  void bodyThatBreaks_leavesTheAnswersBeforeIt() {
    connection.receives(GET + "POST /v2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    connection.receives("nonsense\r\n");
    connection.answers(200, "first");
    assertThat(connection.sent()).contains("first").doesNotContain("close");
    connection.answers(400, "why");
    assertThat(connection.sent()).contains("why", "close");
    assertThat(connection.channel.isOutputShutdown()).isTrue();
  }

  @Test
  void refusalsWithWords_stayAsTheyAre() {
    connection.receives(GET);
    connection.answers(404, "mine");
    assertThat(connection.sent()).endsWith("mine");
    connection.receives(GET);
    connection.answers(204, "");
    assertThat(connection.sent()).doesNotContain("json");
  }

  @Test
  void interimAnswer_isNotTheAnswer() {
    connection.receives(
        "POST /v2 HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    FullHttpResponse interim =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE, Unpooled.EMPTY_BUFFER);
    connection.channel.writeOutbound(interim);
    assertThat(connection.progress.isAnswered()).isFalse();
    connection.answers(200, "ok");
    assertThat(connection.progress.isAnswered()).isTrue();
  }

  @Test
  void oldClient_getsNoChunks_butTheEndOfTheConnection() {
    connection.receives("GET /v2 HTTP/1.0\r\nExpect: 100-continue\r\n\r\n");
    HttpRequest request = connection.channel.readInbound();
    assertThat(request.protocolVersion()).isEqualTo(HttpVersion.HTTP_1_1);
    assertThat(request.headers().contains(HttpHeaderNames.EXPECT)).isFalse();
    HttpResponse answer = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
    answer.headers().set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
    connection.channel.writeOutbound(
        answer,
        new DefaultHttpContent(Unpooled.copiedBuffer("part", StandardCharsets.UTF_8)),
        LastHttpContent.EMPTY_LAST_CONTENT);
    assertThat(connection.sent()).endsWith("\r\n\r\npart").doesNotContain("chunked");
    assertThat(connection.channel.isOpen()).isFalse();
  }

  @Test
  void oldClient_keepsItsConnection_ifItSaysSo() {
    connection.receives("GET /v2 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    connection.answers(200, "ok");
    assertThat(connection.sent()).containsIgnoringCase("connection: keep-alive");
    assertThat(connection.channel.isOpen()).isTrue();
  }
}
