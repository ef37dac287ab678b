package io.onnxfleet.contract.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes with a request: the time that is left, its caller and its priority. */
class RequestHeadersTest {

  @Test
  void timeLeft_isReadAsItIsWritten() {
    for (long millis : new long[] {0, 1, 999, 60_000, Long.MAX_VALUE / 1_000_000}) {
      Duration left = Duration.ofMillis(millis);
      assertThat(TimeLeft.read(TimeLeft.write(left))).isEqualTo(left);
    }
    assertThat(TimeLeft.write(Duration.ofNanos(1))).isEqualTo("1");
    assertThat(TimeLeft.read(" 5 ")).isEqualTo(Duration.ofMillis(5));
    assertThat(TimeLeft.read("-5")).isZero();
    assertThat(TimeLeft.read(Long.toString(Long.MAX_VALUE)).toNanos()).isPositive();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "soon", "1.5", "1e3", "99999999999999999999"})
  void timeLeft_isRefused_whenItIsNoWholeNumber(String header) {
    assertThatThrownBy(() -> TimeLeft.read(header))
        .hasMessage("Inference-Deadline-Ms: '" + header + "' (expected: whole milliseconds)");
  }

  @Test
  void caller_isReadAsItIsWritten() {
    assertThat(CallerName.read(CallerName.write("key:team-1"))).isEqualTo("key:team-1");
    String cut = CallerName.write("x".repeat(1000));
    assertThat(CallerName.read(cut)).isEqualTo(cut).hasSize(128);
    assertThat(CallerName.read("x".repeat(1000))).hasSize(128);
    assertThat(CallerName.write("key:caf\u00e9 1\n")).isEqualTo("key:caf?_1?".replace('_', '?'));
    assertThat(CallerName.read(null)).isNull();
    assertThat(CallerName.read(" ")).isNull();
  }

  @Test
  void priority_isReadAsItIsWritten() {
    for (int priority = Priority.HIGHEST; priority <= Priority.LOWEST; priority++) {
      assertThat(Priority.read(Priority.write(priority))).isEqualTo(priority);
    }
    assertThat(Priority.read("0")).isEqualTo(Priority.DEFAULT);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "10", "-1", "high", "1.0", "\u0661"})
  void priority_isRefused_whenItIsNone(String header) {
    assertThatThrownBy(() -> Priority.read(header))
        .hasMessage(
            "Inference-Priority: '"
                + header
                + "' (expected: 1, the highest, to 9, or 0 for the default)");
  }

  @Test
  void level_isAModelsDefault_unlessSomethingElseWasGranted() {
    assertThat(Priority.level(5, 0, 10, 7)).isEqualTo(7);
    assertThat(Priority.level(5, 0, 1, 1)).isEqualTo(1);
    assertThat(Priority.level(1, 0, 10, 7)).isEqualTo(1);
    assertThat(Priority.level(4, 0, 3, 2)).isEqualTo(2);
    assertThat(Priority.level(9, 0, 3, 2)).isEqualTo(3);
    // Below the default on the scale of all models is never above a model's own default.
    assertThat(Priority.level(6, 0, 10, 7)).isEqualTo(7);
  }

  @Test
  void level_isOnlyLowered_byWhatTheBodyAsksFor() {
    for (int granted = Priority.HIGHEST; granted <= Priority.LOWEST; granted++) {
      for (int levels = 1; levels <= 12; levels++) {
        for (int standard = 1; standard <= levels; standard++) {
          int without = Priority.level(granted, 0, levels, standard);
          assertThat(without).isBetween(1, levels);
          for (int asked = 1; asked <= levels; asked++) {
            assertThat(Priority.level(granted, asked, levels, standard))
                .isEqualTo(Math.max(asked, without));
          }
          // As Triton does: what is no level of the model's counts as none.
          assertThat(Priority.level(granted, levels + 1, levels, standard)).isEqualTo(without);
        }
      }
    }
  }
}
