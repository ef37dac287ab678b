package io.onnxfleet.gateway.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PreferencesTest {

  private static HttpHeaders prefer(String... lines) {
    HttpHeaders headers = new DefaultHttpHeaders();
    for (String line : lines) {
      headers.add("prefer", line);
    }
    return headers;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "respond-async",
        "Respond-Async",
        "wait=10 ,\t respond-async ,",
        "wait=10,respond-async",
        "foo; bar=\"a,b\", respond-async; x",
        "foo=\"a \\\" , \", respond-async",
        ",, respond-async",
        "respond-async=\"\""
      })
  void wantAsync_isTrue_whereItIsAmongThem(String line) {
    assertThat(Preferences.wantAsync(prefer(line))).isTrue();
    assertThat(Preferences.wantAsync(prefer("return=minimal", line))).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "respond-asynchronously",
        "x-respond-async",
        "respond",
        "foo=respond-async",
        "foo; respond-async",
        "foo=\"a, respond-async\"",
        "foo=\"a\\\", respond-async\"",
        "foo=\"never closed, respond-async",
        "foo=\"ends in an escape\\",
        "return=minimal, wait=10"
      })
  void wantAsync_isFalse_whereItIsNot(String line) {
    assertThat(Preferences.wantAsync(prefer(line))).isFalse();
  }

  @Test
  void wantAsync_isFalse_withoutTheHeader() {
    assertThat(Preferences.wantAsync(prefer())).isFalse();
  }
}
