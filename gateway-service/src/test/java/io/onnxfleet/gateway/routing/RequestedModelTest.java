package io.onnxfleet.gateway.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.gateway.failure.ErrorCode;
import io.onnxfleet.gateway.failure.GatewayException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
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

    assertThat(models.in(gzip(json), "GZIP")).isEqualTo("a");
    assertThat(models.in(deflated.toByteArray(), "deflate")).isEqualTo("a");
    byte[] bomb = gzip(("{\"input\":\"" + "x".repeat(200_000)).getBytes(StandardCharsets.UTF_8));
    assertRefused(bomb, "gzip", ErrorCode.BODY_TOO_LARGE);
    assertRefused(json, "gzip", ErrorCode.MALFORMED_REQUEST);
    assertRefused(json, "br", ErrorCode.UNSUPPORTED_ENCODING);
  }

  private void assertRefused(byte[] body, @Nullable String encoding, ErrorCode code) {
    assertThatThrownBy(() -> models.in(body, encoding))
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
    return models.in(body.getBytes(StandardCharsets.UTF_8), null);
  }
}
