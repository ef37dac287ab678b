package io.onnxfleet.contract.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ErrorBodyTest {

  private static String written(ErrorBody body) {
    return new String(body.write(), StandardCharsets.UTF_8);
  }

  @Test
  void body_isTheMessageAlone_belowV2AndElsewhere() {
    for (String path : new String[] {"/v2/models/m", "/", "/v10", "/livez"}) {
      assertThat(
              written(ErrorBody.of(path, ErrorCode.MODEL_NOT_FOUND, "model 'x' \"is\" unknown\n")))
          .isEqualTo("{\"error\":\"model 'x' \\\"is\\\" unknown\\n\"}");
    }
  }

  @Test
  void body_isOpenAis_belowV1() {
    assertThat(
            written(
                ErrorBody.of(
                    "/v1/embeddings", ErrorCode.MODEL_NOT_FOUND, "model 'x' \u0001\u00e9")))
        .isEqualTo(
            "{\"error\":{\"message\":\"model 'x' \\u0001\u00e9\","
                + "\"type\":\"invalid_request_error\",\"param\":\"model\","
                + "\"code\":\"model_not_found\"}}");
    assertThat(written(ErrorBody.of("/v1", ErrorCode.MODEL_OVERLOADED, "full")))
        .isEqualTo(
            "{\"error\":{\"message\":\"full\",\"type\":\"rate_limit_error\",\"param\":null,"
                + "\"code\":\"rate_limit_exceeded\"}}");
    assertThat(written(ErrorBody.of("/v1/x", ErrorCode.INVALID_INPUT, "m", "dimensions")))
        .isEqualTo(
            "{\"error\":{\"message\":\"m\",\"type\":\"invalid_request_error\","
                + "\"param\":\"dimensions\",\"code\":null}}");
  }

  @Test
  void labels_areOnePerCause() {
    Map<String, ErrorCode> byLabel = new HashMap<>();
    for (ErrorCode code : ErrorCode.values()) {
      if (code.label() != null) {
        assertThat(code.label()).matches("[a-z_]+");
        assertThat(byLabel.put(code.label(), code)).isNull();
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void status_fitsTheCategory(ErrorCode code) {
    String type = code.category().openAiType();
    assertThat(type.equals("server_error"))
        .isEqualTo(code.status() >= 500 || code == ErrorCode.CANCELLED);
    assertThat(type.equals("authentication_error")).isEqualTo(code.status() == 401);
    assertThat(type.equals("permission_error")).isEqualTo(code.status() == 403);
    assertThat(type.equals("rate_limit_error")).isEqualTo(code.status() == 429);
    assertThat(code.category().isRetryable())
        .isEqualTo(
            code.status() == 429 || (code.status() == 503 && code != ErrorCode.MODEL_CANNOT_SERVE));
  }
}
