package io.onnxfleet.gateway.balancing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class LeftOutReplicasTest {

  // Close to overflow, as System.nanoTime may be.
  private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 1_000_000);
  private final LeftOutReplicas leftOut =
      new LeftOutReplicas(
          new BalancingProperties(Duration.ofSeconds(1), Duration.ofSeconds(3)), clock::get);

  @Test
  void time_doublesUpToTheMost_whenAReplicaFailsAgain() {
    for (long seconds : new long[] {1, 2, 3, 3}) {
      leftOut.leaveOut("one");
      assertThat(leftOut.isLeftOut("one")).isTrue();
      pass(Duration.ofSeconds(seconds).minusNanos(1));
      assertThat(leftOut.isLeftOut("one")).isTrue();
      pass(Duration.ofNanos(1));
      assertThat(leftOut.isLeftOut("one")).isFalse();
    }
  }

  @Test
  void failures_countOnce_whenManyComeTogether() {
    for (int i = 0; i < 100; i++) {
      leftOut.leaveOut("one");
    }
    pass(Duration.ofSeconds(1));
    assertThat(leftOut.isLeftOut("one")).isFalse();
  }

  @Test
  void nextFailure_isAFirstOneAgain_whenTheReplicaAnswered() {
    leftOut.leaveOut("one");
    pass(Duration.ofSeconds(1));
    leftOut.answered("one");
    leftOut.leaveOut("one");
    pass(Duration.ofSeconds(1));

    assertThat(leftOut.isLeftOut("one")).isFalse();
  }

  @Test
  void count_isOfThoseLeftOutNow_andForgetsTheGone() {
    leftOut.leaveOut("one");
    leftOut.leaveOut("two");
    assertThat(leftOut.count()).isEqualTo(2);
    leftOut.retain(Set.of("two"));
    assertThat(leftOut.count()).isEqualTo(1);
    pass(Duration.ofSeconds(1));
    assertThat(leftOut.count()).isZero();
  }

  @Test
  void bounds_areChecked() {
    assertThatThrownBy(() -> new BalancingProperties(Duration.ZERO, Duration.ofSeconds(1)))
        .hasMessage("fleet.gateway.balancing.leave-out-first: PT0S (expected: > 0)");
    assertThatThrownBy(() -> new BalancingProperties(Duration.ofSeconds(2), Duration.ofSeconds(1)))
        .hasMessageContaining("leave-out-most: PT1S (expected: >= leave-out-first, PT2S)");
  }

  private void pass(Duration time) {
    clock.addAndGet(time.toNanos());
  }
}
