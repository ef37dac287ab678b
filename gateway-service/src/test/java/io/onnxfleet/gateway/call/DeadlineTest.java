package io.onnxfleet.gateway.call;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.gateway.failure.GatewayException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class DeadlineTest {

  private static final Duration MOST = Duration.ofSeconds(60);
  private static final AtomicLong NEARLY_OVERFLOWING = new AtomicLong(Long.MAX_VALUE - 5);

  @Test
  void remaining_shrinksToZero() {
    // The clock may overflow while the request is under way.
    long now = NEARLY_OVERFLOWING.get();
    Deadline deadline = Deadline.read(" 250 ", MOST, now);

    assertThat(deadline.remaining(now)).isEqualTo(Duration.ofMillis(250));
    assertThat(deadline.remaining(now + 249_000_000L)).isEqualTo(Duration.ofMillis(1));
    assertThat(deadline.remaining(now + 251_000_000L)).isZero();
  }

  @Test
  void header_isBoundedByTheMost_andAbsentMeansTheMost() {
    assertThat(Deadline.read(null, MOST, 0).remaining(0)).isEqualTo(MOST);
    assertThat(Deadline.read(Long.toString(Long.MAX_VALUE), MOST, 0).remaining(0)).isEqualTo(MOST);
    assertThat(Deadline.read("-5", MOST, 0).remaining(0)).isZero();
  }

  @Test
  void header_isRefused_whenItIsNoWholeNumber() {
    assertThatThrownBy(() -> Deadline.read("1.5", MOST, 0))
        .isInstanceOf(GatewayException.class)
        .hasMessage("Inference-Deadline-Ms: '1.5' (expected: whole milliseconds)");
  }
}
