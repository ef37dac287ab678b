package io.onnxfleet.gateway.connection;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.onnxfleet.contract.api.ErrorCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HeadLimitsTest {

  private final HeadLimits limits = new HeadLimits(4096, 8192);

  @ParameterizedTest
  @CsvSource({
    "404, UNKNOWN_PATH",
    "405, METHOD_NOT_ALLOWED",
    "413, REQUEST_TOO_LARGE",
    "414, REQUEST_LINE_TOO_LONG",
    "431, HEADERS_TOO_LARGE",
    "400, MALFORMED_REQUEST",
    "417, MALFORMED_REQUEST"
  })
  void refusal_saysTheSame_asTheStatus(int status, ErrorCode code) {
    assertThat(limits.refusalOf(HttpResponseStatus.valueOf(status)).code()).isEqualTo(code);
  }

  @Test
  void refusal_quotesTheReason_ifThereIsOne() {
    assertThat(limits.refusalOf((Throwable) null)).hasMessage("malformed request");
    assertThat(limits.refusalOf(new IllegalArgumentException("bad\tname é")))
        .hasMessage("malformed request: bad?name é");
  }
}
