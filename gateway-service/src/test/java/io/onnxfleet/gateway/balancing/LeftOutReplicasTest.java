package io.onnxfleet.gateway.balancing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.gateway.balancing.LeftOutReplicas.Presence;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class LeftOutReplicasTest {

  // Close to overflow, as System.nanoTime may be.
  private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 1_000_000);
  private final LeftOutReplicas leftOut = new LeftOutReplicas(Balancing.properties(), clock::get);

  @Test
  void time_doublesUpToTheMost_whenAReplicaFailsAgain() {
    for (long seconds : new long[] {1, 2, 3, 3}) {
      leftOut.leaveOut("one");
      pass(Duration.ofSeconds(seconds).minusNanos(1));
      assertThat(leftOut.presence("one")).isEqualTo(Presence.ABSENT);
      pass(Duration.ofNanos(1));
      assertThat(leftOut.presence("one")).isEqualTo(Presence.DUE);
    }
  }

  @Test
  void failures_countOnce_whenManyComeTogether() {
    for (int i = 0; i < 100; i++) {
      leftOut.leaveOut("one");
    }
    pass(Duration.ofSeconds(1));
    assertThat(leftOut.presence("one")).isEqualTo(Presence.DUE);
  }

  @Test
  void dueReplica_staysOut_untilItIsHeardOf() {
    leftOut.leaveOut("one");
    leftOut.heardOf("one");
    assertThat(leftOut.presence("one")).isEqualTo(Presence.ABSENT);
    pass(Duration.ofSeconds(1));
    assertThat(leftOut.isLeftOut("one")).isTrue();

    leftOut.heardOf("one");

    assertThat(leftOut.presence("one")).isEqualTo(Presence.ON_TRIAL);
    assertThat(leftOut.isLeftOut("one")).isFalse();
  }

  @Test
  void trial_allowsOneMoreWithEachAnswer_andEndsWithTheThird() {
    onTrial("one");
    assertThat(leftOut.allowedOnTrial("one")).isEqualTo(1);
    leftOut.answered("one", clock.get());
    assertThat(leftOut.allowedOnTrial("one")).isEqualTo(2);
    leftOut.answered("one", clock.get());
    leftOut.answered("one", clock.get());

    assertThat(leftOut.presence("one")).isEqualTo(Presence.PRESENT);
  }

  @Test
  void failureOnTrial_isLeftOutForTwiceTheTime() {
    onTrial("one");
    leftOut.leaveOut("one");
    pass(Duration.ofSeconds(2).minusNanos(1));
    assertThat(leftOut.presence("one")).isEqualTo(Presence.ABSENT);
  }

  @Test
  void nextFailure_isAFirstOneAgain_whenTheTrialWentWell() {
    onTrial("one");
    for (int i = 0; i < 3; i++) {
      leftOut.answered("one", clock.get());
    }
    leftOut.leaveOut("one");
    pass(Duration.ofSeconds(1));

    assertThat(leftOut.presence("one")).isEqualTo(Presence.DUE);
  }

  @Test
  void answers_sayNothing_whenTheirRequestsWereSentBeforeTheFailure() {
    long before = clock.get();
    pass(Duration.ofMillis(1));
    leftOut.leaveOut("one");

    leftOut.answered("one", before);

    assertThat(leftOut.isLeftOut("one")).isTrue();
  }

  @Test
  void errorsInARow_leaveOut_andAnAnswerStartsTheRowAnew() {
    for (int i = 0; i < 4; i++) {
      leftOut.erred("one", 4);
    }
    leftOut.answered("one", clock.get());
    for (int i = 0; i < 4; i++) {
      leftOut.erred("one", 4);
    }
    assertThat(leftOut.isLeftOut("one")).isFalse();
    leftOut.erred("one", 4);
    assertThat(leftOut.isLeftOut("one")).isTrue();
  }

  @Test
  void atMostTheShare_isLeftOut_forWhatMayBeEveryonesFault() {
    assertThat(leftOut.leaveOutUnlessTooMany("one", 4)).isTrue();
    assertThat(leftOut.leaveOutUnlessTooMany("two", 4)).isTrue();
    assertThat(leftOut.leaveOutUnlessTooMany("three", 4)).isFalse();
    assertThat(leftOut.count()).isEqualTo(2);
    assertThat(leftOut.leaveOutUnlessTooMany("alone", 1)).isFalse();

    leftOut.leaveOut("three");
    assertThat(leftOut.count()).isEqualTo(3);
  }

  @Test
  void count_isOfThoseLeftOutNow_andForgetsTheGone() {
    leftOut.leaveOut("one");
    leftOut.leaveOut("two");
    assertThat(leftOut.count()).isEqualTo(2);
    leftOut.update(Map.of("two", "two@1"));
    assertThat(leftOut.count()).isEqualTo(1);
  }

  @Test
  void replicaThatHasStartedAgain_isPresent() {
    leftOut.update(Map.of("one", "one@1", "two", "two@1"));
    leftOut.leaveOut("one");
    leftOut.leaveOut("two");
    leftOut.update(Map.of("one", "one@2", "two", "two@1"));
    assertThat(leftOut.presence("one")).isEqualTo(Presence.PRESENT);
    assertThat(leftOut.presence("two")).isEqualTo(Presence.ABSENT);
  }

  @Test
  void bounds_areChecked() {
    assertThatThrownBy(() -> Balancing.leavingOut(Duration.ZERO, Duration.ofSeconds(1)))
        .hasMessage("fleet.gateway.balancing.leave-out-first: PT0S (expected: > 0)");
    assertThatThrownBy(() -> Balancing.leavingOut(Duration.ofSeconds(2), Duration.ofSeconds(1)))
        .hasMessageContaining("leave-out-most: PT1S (expected: >= leave-out-first, PT2S)");
  }

  private void onTrial(String replica) {
    leftOut.leaveOut(replica);
    pass(Duration.ofSeconds(1));
    leftOut.heardOf(replica);
  }

  private void pass(Duration time) {
    clock.addAndGet(time.toNanos());
  }
}
