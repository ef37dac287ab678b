package io.onnxfleet.gateway.inside;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RequestSigningTest {

  /** A replica knows its port, whatever the scheme's is. */
  @ParameterizedTest
  @CsvSource({
    "http://10.0.0.7:8081/v2/models/a/infer, 10.0.0.7:8081",
    "https://10.0.0.7:8081, 10.0.0.7:8081",
    "http://10.0.0.7/v2, 10.0.0.7:80",
    "https://10.0.0.7/v2, 10.0.0.7:443",
    "https://[fd00::1]/v2, [fd00::1]:443",
    "https://[fd00::1]:8081/v2, [fd00::1]:8081"
  })
  void authority_alwaysHasThePort(String url, String authority) {
    assertThat(RequestSigning.authority(url)).isEqualTo(authority);
  }
}
