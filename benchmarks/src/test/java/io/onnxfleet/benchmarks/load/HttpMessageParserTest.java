package io.onnxfleet.benchmarks.load;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.Test;

class HttpMessageParserTest {
  private final HttpMessageParser parser = HttpMessageParser.ofResponses();

  @Test
  void parse_endsWithTheBody_whenTheLengthIsTold() {
    ByteBuf in = bytes("HTTP/1.1 200 OK\r\ncontent-LENGTH:  5\r\nX: y\r\n\r\nhelloHTTP/1.1");

    assertThat(parser.parse(in)).isTrue();

    assertThat(parser.status()).isEqualTo(200);
    assertThat(parser.bodyBytes()).isEqualTo(5);
    assertThat(parser.keepsAlive()).isTrue();
    assertThat(parser.error()).isEmpty();
    assertThat(in.toString(ISO_8859_1)).isEqualTo("HTTP/1.1");
  }

  @Test
  void parse_joinsPieces_whereverAMessageIsCut() {
    String message =
        String.join(
            "\r\n",
            "HTTP/1.1 503 Busy",
            "Transfer-Encoding: chunked",
            "",
            "4;name=value",
            "over",
            "A",
            "loaded now",
            "0",
            "Trailer: 1",
            "",
            "");
    for (int cut = 1; cut < message.length(); cut++) {
      HttpMessageParser cutParser = HttpMessageParser.ofResponses();

      assertThat(cutParser.parse(bytes(message.substring(0, cut)))).as("cut at %d", cut).isFalse();
      assertThat(cutParser.parse(bytes(message.substring(cut)))).as("cut at %d", cut).isTrue();

      assertThat(cutParser.status()).isEqualTo(503);
      assertThat(cutParser.bodyBytes()).isEqualTo(14);
      assertThat(cutParser.error()).isEqualTo("overloaded now");
    }
  }

  @Test
  void parse_readsOneAfterTheOther_whenTheyComeTogether() {
    ByteBuf in =
        bytes(
            String.join(
                "\r\n",
                "HTTP/1.1 100 Continue",
                "",
                "HTTP/1.1 400 Bad",
                "Content-Length: 2",
                "",
                "noHTTP/1.1 204 None",
                "",
                "HTTP/1.1 200 OK",
                "Content-Length: 0",
                "",
                ""));

    assertThat(parser.parse(in)).isTrue();
    assertThat(parser.status()).isEqualTo(400);
    assertThat(parser.error()).isEqualTo("no");
    assertThat(parser.parse(in)).isTrue();
    assertThat(parser.status()).isEqualTo(204);
    assertThat(parser.parse(in)).isTrue();
    assertThat(parser.status()).isEqualTo(200);
    assertThat(parser.error()).isEmpty();
    assertThat(in.isReadable()).isFalse();
  }

  @Test
  void end_completesTheMessage_onlyWhenNothingToldItsLength() {
    assertThat(parser.parse(bytes("HTTP/1.1 200 OK\r\n\r\nto the end"))).isFalse();
    assertThat(parser.end()).isTrue();
    assertThat(parser.keepsAlive()).isFalse();

    assertThat(parser.parse(bytes("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut"))).isFalse();
    assertThat(parser.end()).isFalse();
  }

  @Test
  void keepsAlive_isFalse_whenTheServerSaysClose() {
    assertThat(
            parser.parse(
                bytes("HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n")))
        .isTrue();

    assertThat(parser.keepsAlive()).isFalse();
  }

  @Test
  void parse_refusesWhatIsNotHttp() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> parser.parse(bytes("SSH-2.0-OpenSSH\r\n")))
        .withMessageContaining("'SSH-2.0-OpenSSH' (expected: the status line");
    HttpMessageParser second = HttpMessageParser.ofResponses();
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> second.parse(bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n")))
        .withMessageContaining("'x' (expected: a number in it)");
    HttpMessageParser third = HttpMessageParser.ofResponses();
    String line = "HTTP/1.1 200 " + "O".repeat(HttpMessageParser.LONGEST_LINE);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> third.parse(bytes(line)))
        .withMessageContaining("a line of more than");
  }

  @Test
  void parse_readsRequests_withAndWithoutABody() {
    HttpMessageParser requests = HttpMessageParser.ofRequests();
    ByteBuf in =
        bytes("POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\nHost: h\r\n\r\n");

    assertThat(requests.parse(in)).isTrue();
    assertThat(requests.bodyBytes()).isEqualTo(3);
    assertThat(requests.parse(in)).isTrue();
    assertThat(requests.bodyBytes()).isZero();
  }

  private static ByteBuf bytes(String text) {
    return Unpooled.copiedBuffer(text, ISO_8859_1);
  }
}
