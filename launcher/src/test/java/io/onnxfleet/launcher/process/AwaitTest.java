package io.onnxfleet.launcher.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class AwaitTest {
  private final ManualTime time = new ManualTime();
  private final AtomicInteger looks = new AtomicInteger();

  private Await await(Duration limit, String hint) {
    return new Await(time, limit, Duration.ofSeconds(1), hint);
  }

  @Test
  void until_looksUntilItHolds() throws Exception {
    long before = time.nanos();
    await(Duration.ofSeconds(10), "").until("it", () -> looks.incrementAndGet() == 4);
    assertThat(looks).hasValue(4);
    assertThat(time.nanos() - before).isEqualTo(Duration.ofSeconds(3).toNanos());
  }

  @Test
  void until_givesUp_afterTheLimit() {
    assertThatThrownBy(
            () ->
                await(Duration.ofSeconds(3), "see the log")
                    .until(
                        "it",
                        () -> {
                          looks.incrementAndGet();
                          return false;
                        }))
        .isInstanceOf(IOException.class)
        .hasMessage("it: not so after 3 s (see the log)");
    assertThat(looks).hasValue(4);
  }

  @Test
  void until_looksOnce_withoutTime() throws Exception {
    await(Duration.ZERO, "").until("it", () -> true);
    assertThatThrownBy(() -> await(Duration.ZERO, "").until("it", () -> false))
        .hasMessage("it: not so after 0 s");
  }

  @Test
  void until_endsWithWhatTheConditionThrows() {
    assertThatThrownBy(
            () ->
                await(Duration.ofSeconds(3), "")
                    .until(
                        "it",
                        () -> {
                          throw new IOException("it died");
                        }))
        .hasMessage("it died");
  }
}
