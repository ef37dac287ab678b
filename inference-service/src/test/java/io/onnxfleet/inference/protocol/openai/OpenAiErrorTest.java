package io.onnxfleet.inference.protocol.openai;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.error.ErrorCode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class OpenAiErrorTest {

  @Test
  void writeTo_isOpenAisShape() {
    assertThat(json(ErrorCode.MODEL_NOT_FOUND, "model 'x' \"is\" unknown"))
        .isEqualTo(
            "{\"error\":{\"message\":\"model 'x' \\\"is\\\" unknown\","
                + "\"type\":\"invalid_request_error\",\"param\":\"model\","
                + "\"code\":\"model_not_found\"}}");
    assertThat(json(ErrorCode.QUEUE_FULL, "full"))
        .isEqualTo(
            "{\"error\":{\"message\":\"full\",\"type\":\"rate_limit_error\",\"param\":null,"
                + "\"code\":\"rate_limit_exceeded\"}}");
  }

  @Test
  void of_namesTheArgument_thatTheMessageSpeaksOf() {
    assertThat(error("input: absent").param()).isEqualTo("input");
    assertThat(error("input[3]: null").param()).isEqualTo("input");
    assertThat(error("dimensions: 0").param()).isEqualTo("dimensions");
    assertThat(error("inputs of all kinds").param()).isNull();
    assertThat(error("input").param()).isNull();
    assertThat(error("JSON, line 1").param()).isNull();
  }

  @Test
  void of_tellsWhoseFaultItIs_whenEngineWasNotAsked() {
    assertThat(OpenAiError.of(404, null, "no such path"))
        .isEqualTo(new OpenAiError("no such path", "invalid_request_error", null, null));
    assertThat(OpenAiError.of(500, null, "internal error"))
        .isEqualTo(new OpenAiError("internal error", "server_error", null, null));
  }

  @ParameterizedTest
  @EnumSource
  void of_hasATypeForEveryFailure(ErrorCode code) {
    OpenAiError error = OpenAiError.of(400, code, "message");

    assertThat(error.message()).isEqualTo("message");
    assertThat(error.type()).isIn("invalid_request_error", "rate_limit_error", "server_error");
  }

  private static OpenAiError error(String message) {
    return OpenAiError.of(400, ErrorCode.INVALID_INPUT, message);
  }

  private static String json(ErrorCode code, String message) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    OpenAiError.of(400, code, message).writeTo(out);
    return out.toString(StandardCharsets.UTF_8);
  }
}
