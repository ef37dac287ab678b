package io.onnxfleet.contract.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TraceContextTest {

  private static String requestId(String given) {
    return TraceContext.requestId(given, () -> 0L);
  }

  private static String traceParent(String given) {
    return TraceContext.traceParent(given, () -> 0L);
  }

  @Test
  void requestId_isTheClients_whenItIsVisible() {
    assertThat(requestId("req-1")).isEqualTo("req-1");
    assertThat(requestId("x".repeat(128))).hasSize(128);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a b", "a\tb", "a\u00e9", "a\u0000"})
  void requestId_isMade_whenTheClientsCannotBeLogged(String given) {
    assertThat(requestId(given)).isEqualTo("0".repeat(32));
  }

  @Test
  void requestId_isMade_whenTheClientsIsTooLongOrAbsent() {
    assertThat(requestId("x".repeat(129))).isEqualTo("0".repeat(32));
    assertThat(TraceContext.requestId(null, () -> 0x0123456789ABCDEFL))
        .isEqualTo("0123456789abcdef0123456789abcdef");
  }

  @Test
  void traceParent_isTheClients_whenItIsOne() {
    String trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    assertThat(traceParent(trace)).isEqualTo(trace);
    assertThat(traceParent("cc" + trace.substring(2) + "-later"))
        .isEqualTo("cc" + trace.substring(2) + "-later");
    assertThat(TraceContext.traceId(trace)).isEqualTo("0af7651916cd43dd8448eb211c80319c");
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
        "00-zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz-b7ad6b7169203331-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0\u00e9"
      })
  void traceParent_isMade_andNeverZero_whenTheClientsIsNone(String given) {
    assertThat(traceParent(given))
        .isEqualTo("00-" + "0".repeat(15) + "1" + "0".repeat(16) + "-" + "0".repeat(15) + "1-00");
  }

  @Test
  void whatIsMade_isReadAsItIs() {
    Random random = new Random(7);
    for (int round = 0; round < 1000; round++) {
      String made = TraceContext.traceParent(null, random::nextLong);
      assertThat(TraceContext.isTraceParent(made)).as(made).isTrue();
      assertThat(traceParent(made)).isEqualTo(made);
      String id = TraceContext.requestId(null, random::nextLong);
      assertThat(requestId(id)).isEqualTo(id);
    }
  }
}
