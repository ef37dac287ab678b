package io.onnxfleet.engine.request;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class DeadlineTest {
  /** The ticker's reading that many nanoseconds after it is about to wrap around. */
  private static long at(long nanos) {
    return Long.MAX_VALUE - 10 + nanos;
  }

  @Test
  void deadline_expires_whenTheTickerWrapsAround() {
    Deadline deadline = Deadline.after(Duration.ofNanos(20), () -> at(0));

    assertThat(deadline.isExpired(at(0))).isFalse();
    assertThat(deadline.remainingNanos(at(0))).isEqualTo(20);
    assertThat(deadline.isExpired(at(19))).isFalse();
    assertThat(deadline.isExpired(at(20))).isTrue();
    assertThat(deadline.remainingNanos(at(25))).isEqualTo(-5);
  }

  @Test
  void none_neverExpires_whateverTheTime() {
    assertThat(Deadline.NONE.isExpired(Long.MIN_VALUE)).isFalse();
    assertThat(Deadline.NONE.remainingNanos(at(0))).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void after_isFarAhead_whenTheDurationIsLongerThanNanosecondsCanCount() {
    Deadline deadline = Deadline.after(Duration.ofSeconds(Long.MAX_VALUE), () -> at(0));

    assertThat(deadline.remainingNanos(at(0))).isEqualTo(Duration.ofDays(36_500).toNanos());
  }

  @Test
  void after_hasExpired_whenTheDurationIsNegative() {
    assertThat(Deadline.after(Duration.ofNanos(-1), () -> at(0)).isExpired(at(0))).isTrue();
    assertThat(Deadline.after(Duration.ofSeconds(Long.MIN_VALUE), () -> at(0)).isExpired(at(0)))
        .isTrue();
  }

  @Test
  void earlier_isTheOneThatComesFirst_whenOneOrBothAreBounded() {
    Deadline soon = new Deadline(true, at(0));
    Deadline later = new Deadline(true, at(20));

    assertThat(soon.earlier(later)).isEqualTo(soon);
    assertThat(later.earlier(soon)).isEqualTo(soon);
    assertThat(Deadline.NONE.earlier(soon)).isEqualTo(soon);
    assertThat(soon.earlier(Deadline.NONE)).isEqualTo(soon);
    assertThat(Deadline.NONE.earlier(Deadline.NONE)).isEqualTo(Deadline.NONE);
  }
}
