package io.onnxfleet.gateway.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.body.RequestBody;
import io.onnxfleet.gateway.failure.GatewayException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RequestedModelTest {

  private final RequestedModel models = new RequestedModel("default", 100_000);

  @Test
  void model_isTheOneOfTheOutermostObject() {
    assertThat(in("{\"model\":\"a\",\"input\":\"x\"}")).isEqualTo("a");
    assertThat(in("{\"input\":[{\"model\":\"b\"},[1,2]],\"x\":{\"model\":\"c\"},\"model\":\"a\"}"))
        .isEqualTo("a");
    assertThat(in("{\"model\":\"a\\u0062/c\"}")).isEqualTo("ab/c");
  }

  @Test
  void model_isTheDefault_whenThereIsNone() {
    assertThat(in("{}")).isEqualTo("default");
    assertThat(in("{\"model\":null,\"input\":\"x\"}")).isEqualTo("default");
  }

  @Test
  void whatFollowsTheModel_isNotJudged() {
    assertThat(in("{\"model\":\"a\", broken")).isEqualTo("a");
  }

  @Test
  void body_isRefused_whenItIsNoJsonObject() {
    for (String body : new String[] {"", "[]", "\"model\"", "{\"input\":", "{\"model\":7}", "{]"}) {
      assertThatThrownBy(() -> in(body))
          .as(body)
          .isInstanceOfSatisfying(
              GatewayException.class,
              refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.MALFORMED_REQUEST));
    }
  }

  @Test
  void compressedBody_isRead_upToTheBound() throws Exception {
    byte[] json = "{\"input\":1,\"model\":\"a\"}".getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream deflated = new ByteArrayOutputStream();
    try (DeflaterOutputStream out = new DeflaterOutputStream(deflated)) {
      out.write(json);
    }

    assertThat(in(gzip(json), "GZIP")).isEqualTo("a");
    assertThat(in(deflated.toByteArray(), "deflate")).isEqualTo("a");
    ByteArrayOutputStream bare = new ByteArrayOutputStream();
    try (DeflaterOutputStream out =
        new DeflaterOutputStream(bare, new Deflater(Deflater.BEST_SPEED, true))) {
      out.write(json);
    }
    assertThat(in(bare.toByteArray(), "deflate")).as("as some clients send it").isEqualTo("a");
    assertRefused(new byte[] {7}, "deflate", ErrorCode.MALFORMED_REQUEST);
    byte[] bomb = gzip(("{\"input\":\"" + "x".repeat(200_000)).getBytes(StandardCharsets.UTF_8));
    assertRefused(bomb, "gzip", ErrorCode.REQUEST_TOO_LARGE);
    assertRefused(json, "gzip", ErrorCode.MALFORMED_REQUEST);
    assertRefused(json, "br", ErrorCode.UNSUPPORTED_ENCODING);
  }

  /** One that was built first would take hundreds of megabytes. */
  @Test
  void names_areBounded_beforeTheyAreBuilt() throws Exception {
    RequestedModel roomy = new RequestedModel("default", Long.MAX_VALUE);
    for (String start :
        new String[] {
          "{\"model\":\"", "{\"", "{\"input\":", "{\"x\":{\"", "{\"input\":0.", "{\"x\":"
        }) {
      InputStream endless =
          new SequenceInputStream(
              new ByteArrayInputStream(start.getBytes(StandardCharsets.UTF_8)),
              new Endless(start.endsWith(":") ? '[' : start.endsWith(".") ? '1' : 'a'));
      Counted counted = new Counted(endless);

      assertThatThrownBy(
              () -> roomy.in(new RequestBody.Kept(new byte[0]), null, ignored -> counted))
          .as(start)
          .isInstanceOfSatisfying(
              GatewayException.class,
              refusal -> {
                assertThat(refusal.code()).isEqualTo(ErrorCode.MALFORMED_REQUEST);
                assertThat(refusal).hasMessageContaining("1024").hasMessageContaining("100");
              });
      assertThat(counted.read).as(start).isLessThan(100_000);
    }
  }

  @Test
  void nesting_isTaken_upToTheBound() {
    String deep = "[".repeat(99) + "]".repeat(99);
    assertThat(in("{\"input\":" + deep + ",\"model\":\"a\"}")).isEqualTo("a");
  }

  @Test
  void body_isRead_inThePiecesThatCame() {
    byte[] whole = "{\"input\":[1],\"model\":\"a\"}".getBytes(StandardCharsets.UTF_8);
    List<byte[]> pieces = new ArrayList<>();
    for (byte one : whole) {
      pieces.add(new byte[] {one});
    }
    assertThat(models.in(new RequestBody.Held(pieces, whole.length), null, in -> in))
        .isEqualTo("a");
  }

  private static final class Endless extends InputStream {

    private final char what;

    Endless(char what) {
      this.what = what;
    }

    @Override
    public int read() {
      return what;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) {
      Arrays.fill(buffer, offset, offset + length, (byte) what);
      return length;
    }
  }

  private static final class Counted extends FilterInputStream {

    private long read;

    Counted(InputStream in) {
      super(in);
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      int count = super.read(buffer, offset, length);
      read += count;
      return count;
    }
  }

  private void assertRefused(byte[] body, @Nullable String encoding, ErrorCode code) {
    assertThatThrownBy(() -> in(body, encoding))
        .isInstanceOfSatisfying(
            GatewayException.class, refusal -> assertThat(refusal.code()).isEqualTo(code));
  }

  private static byte[] gzip(byte[] bytes) throws Exception {
    ByteArrayOutputStream compressed = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(compressed)) {
      out.write(bytes);
    }
    return compressed.toByteArray();
  }

  private String in(String body) {
    return in(body.getBytes(StandardCharsets.UTF_8), null);
  }

  private String in(byte[] body, @Nullable String encoding) {
    return models.in(new RequestBody.Kept(body), encoding, in -> in);
  }
}
