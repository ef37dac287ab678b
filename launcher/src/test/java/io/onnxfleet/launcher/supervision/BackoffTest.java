package io.onnxfleet.launcher.supervision;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class BackoffTest {
  private final Backoff backoff = new Backoff();

  private static long after(Duration duration) {
    return duration.toNanos();
  }

  @Test
  void pauses_double_upToAMinute() {
    for (int expected : new int[] {1, 2, 4, 8, 16, 32, 60, 60}) {
      assertThat(backoff.next()).hasSeconds(expected);
    }
  }

  @Test
  void pauses_beginAnew_onceItWasReadyForLong() {
    backoff.next();
    backoff.next();
    backoff.see(true, 0);
    backoff.see(true, after(Backoff.WELL) - 1);
    assertThat(backoff.isRaised()).isTrue();
    backoff.see(true, after(Backoff.WELL));
    assertThat(backoff.isRaised()).isFalse();
    assertThat(backoff.next()).isEqualTo(Backoff.FIRST);
  }

  @Test
  void pauses_goOn_ifItWasNotReadyAllTheWhile() {
    backoff.next();
    backoff.see(true, 0);
    backoff.see(false, after(Backoff.WELL) / 2);
    backoff.see(true, after(Backoff.WELL));
    assertThat(backoff.isRaised()).isTrue();
    assertThat(backoff.next()).hasSeconds(2);
    backoff.see(true, 2 * after(Backoff.WELL));
    assertThat(backoff.isRaised()).as("ready anew since its death").isTrue();
  }
}
