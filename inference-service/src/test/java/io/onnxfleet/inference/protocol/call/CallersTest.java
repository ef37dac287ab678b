package io.onnxfleet.inference.protocol.call;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.PriorityLevels;
import org.junit.jupiter.api.Test;
import org.springframework.mock.web.MockHttpServletRequest;

class CallersTest {

  private final MockHttpServletRequest request = new MockHttpServletRequest();

  private int level(int asked) {
    return Callers.level(asked, request, () -> new PriorityLevels(6, 4));
  }

  @Test
  void level_isWhatTheBodyAsksFor_whereNoGatewaySaysAnything() {
    assertThat(level(0)).isZero();
    assertThat(level(1)).isEqualTo(1);
    assertThat(level(6)).isEqualTo(6);
  }

  @Test
  void level_isTheModelsDefault_orBelow_whereNothingElseWasGranted() {
    request.addHeader(HeaderNames.PRIORITY, "5");
    assertThat(Callers.level(0, request, () -> fail())).isZero();
    assertThat(level(1)).isEqualTo(4);
    assertThat(level(6)).isEqualTo(6);
  }

  private static PriorityLevels fail() {
    throw new AssertionError("asked for without need");
  }

  @Test
  void level_isWhatWasGranted_unlessTheBodyAsksForLess() {
    request.addHeader(HeaderNames.PRIORITY, "2");
    assertThat(level(0)).isEqualTo(2);
    assertThat(level(1)).isEqualTo(2);
    assertThat(level(3)).isEqualTo(3);
  }

  @Test
  void level_isBehindAllOthers_whereTheLowestWasGranted() {
    request.addHeader(HeaderNames.PRIORITY, "9");
    assertThat(Callers.level(0, request, () -> fail())).isEqualTo(PriorityLevels.BACKGROUND);
    assertThat(Callers.level(1, request, () -> fail())).isEqualTo(PriorityLevels.BACKGROUND);
  }

  @Test
  void level_isRefused_whenTheHeaderSaysNone() {
    request.addHeader(HeaderNames.PRIORITY, "urgent");
    assertThatThrownBy(() -> level(0))
        .isInstanceOf(InferenceException.class)
        .hasMessageStartingWith("Inference-Priority: 'urgent'");
  }

  @Test
  void caller_isWhoTheGatewaySays_orTheAddress() {
    assertThat(Callers.of(request)).isEqualTo(request.getRemoteAddr());
    request.addHeader(HeaderNames.CALLER, "key:team");
    assertThat(Callers.of(request)).isEqualTo("key:team");
  }
}
