package io.onnxfleet.gateway.observability;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RequestIdentityTest {

  private final RequestIdentity identity = new RequestIdentity(() -> 0L);

  @Test
  void requestId_isTheClients_whenItIsVisible() {
    assertThat(identity.requestId("req-1")).isEqualTo("req-1");
    assertThat(identity.requestId("x".repeat(128))).hasSize(128);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a b", "a\tb", "a\u00e9", "a\u0000"})
  void requestId_isMade_whenTheClientsCannotBeLogged(String given) {
    assertThat(identity.requestId(given)).isEqualTo("0".repeat(32));
  }

  @Test
  void requestId_isMade_whenTheClientsIsTooLongOrAbsent() {
    assertThat(identity.requestId("x".repeat(129))).isEqualTo("0".repeat(32));
    assertThat(identity.requestId(null)).isEqualTo("0".repeat(32));
  }

  @Test
  void traceparent_isTheClients_whenItIsOne() {
    String trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    assertThat(identity.traceparent(trace)).isEqualTo(trace);
    assertThat(identity.traceparent("cc" + trace.substring(2) + "-later"))
        .isEqualTo("cc" + trace.substring(2) + "-later");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "00",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0\u00e9"
      })
  void traceparent_isMade_andNeverZero_whenTheClientsIsNone(String given) {
    assertThat(identity.traceparent(given))
        .isEqualTo("00-" + "0".repeat(15) + "1" + "0".repeat(16) + "-" + "0".repeat(15) + "1-00");
  }
}
