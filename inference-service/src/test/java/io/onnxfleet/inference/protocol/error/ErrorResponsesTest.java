package io.onnxfleet.inference.protocol.error;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.engine.error.ErrorCategory;
import io.onnxfleet.engine.error.InferenceException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;

class ErrorResponsesTest {

  private final ErrorResponses responses =
      new ErrorResponses(message -> message.startsWith("input:") ? "input" : null);

  private static String body(ResponseEntity<byte[]> answer) {
    return new String(Objects.requireNonNull(answer.getBody()), StandardCharsets.UTF_8);
  }

  /** The engine's own categories know nothing of HTTP, and must not disagree with it. */
  @ParameterizedTest
  @EnumSource
  void everyFailureOfTheEngine_hasAStatusOfItsCategory(io.onnxfleet.engine.error.ErrorCode code) {
    int expected =
        switch (code.category()) {
          case INVALID_REQUEST -> 400;
          case NOT_FOUND -> 404;
          case TOO_LARGE -> 413;
          case OVERLOADED -> 429;
          case CANCELLED -> 499;
          case INTERNAL -> 500;
          case UNAVAILABLE, UNAVAILABLE_FOR_GOOD -> 503;
          case DEADLINE_EXCEEDED -> 504;
        };
    ErrorCode told = ErrorResponses.codeOf(code);
    assertThat(told.status()).isEqualTo(expected);
    assertThat(told.category().isRetryable()).isEqualTo(code.category().isRetryable());
    assertThat(told.category() == io.onnxfleet.contract.api.ErrorCategory.UNAVAILABLE_FOR_GOOD)
        .isEqualTo(code.category() == ErrorCategory.UNAVAILABLE_FOR_GOOD);
  }

  @Test
  void refusals_nameTheArgument_orTheModel() {
    assertThat(
            body(responses.of("/v1/embeddings", InferenceException.invalidInput("input: absent"))))
        .isEqualTo(
            "{\"error\":{\"message\":\"input: absent\",\"type\":\"invalid_request_error\","
                + "\"param\":\"input\",\"code\":null}}");
    assertThat(
            body(
                responses.of(
                    "/v1/embeddings",
                    new InferenceException(
                        io.onnxfleet.engine.error.ErrorCode.QUEUE_FULL, "full"))))
        .contains("\"type\":\"rate_limit_error\"", "\"code\":\"rate_limit_exceeded\"");
    assertThat(body(responses.of("/v2/models/m", InferenceException.invalidInput("input: absent"))))
        .isEqualTo("{\"error\":\"input: absent\"}");
  }

  @Test
  void whatTheEngineWasNeverAsked_hasACodeToo() {
    ResponseEntity<byte[]> answer =
        ErrorResponses.of("/v1/x", HttpStatus.NOT_FOUND, new HttpHeaders(), "no such path");
    assertThat(answer.getStatusCode().value()).isEqualTo(404);
    assertThat(body(answer)).contains("\"code\":\"unknown_path\"");
    assertThat(ErrorResponses.codeOf(406)).isEqualTo(ErrorCode.MALFORMED_REQUEST);
    assertThat(ErrorResponses.codeOf(502)).isEqualTo(ErrorCode.INTERNAL);
  }
}
