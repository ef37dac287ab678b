package io.onnxfleet.gateway.balancing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.gateway.balancing.EjectedReplicas.Presence;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class EjectedReplicasTest {

  // Close to overflow, as System.nanoTime may be.
  private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 1_000_000);
  private final EjectedReplicas ejected = new EjectedReplicas(Balancing.properties(), clock::get);

  @Test
  void time_doublesUpToTheMost_whenAReplicaFailsAgain() {
    for (long seconds : new long[] {1, 2, 3, 3}) {
      ejected.eject("one");
      pass(Duration.ofSeconds(seconds).minusNanos(1));
      assertThat(ejected.presence("one")).isEqualTo(Presence.ABSENT);
      pass(Duration.ofNanos(1));
      assertThat(ejected.presence("one")).isEqualTo(Presence.DUE);
    }
  }

  @Test
  void failures_countOnce_whenManyComeTogether() {
    for (int i = 0; i < 100; i++) {
      ejected.eject("one");
    }
    pass(Duration.ofSeconds(1));
    assertThat(ejected.presence("one")).isEqualTo(Presence.DUE);
  }

  @Test
  void dueReplica_staysOut_untilItIsHeardOf() {
    ejected.eject("one");
    ejected.heardOf("one");
    assertThat(ejected.presence("one")).isEqualTo(Presence.ABSENT);
    pass(Duration.ofSeconds(1));
    assertThat(ejected.isEjected("one")).isTrue();

    ejected.heardOf("one");

    assertThat(ejected.presence("one")).isEqualTo(Presence.ON_PROBATION);
    assertThat(ejected.isEjected("one")).isFalse();
  }

  @Test
  void probation_allowsOneMoreWithEachAnswer_andEndsWithTheThird() {
    onProbation("one");
    assertThat(ejected.allowedOnProbation("one")).isEqualTo(1);
    ejected.answered("one", clock.get());
    assertThat(ejected.allowedOnProbation("one")).isEqualTo(2);
    ejected.answered("one", clock.get());
    ejected.answered("one", clock.get());

    assertThat(ejected.presence("one")).isEqualTo(Presence.PRESENT);
  }

  @Test
  void failureOnProbation_isLeftOutForTwiceTheTime() {
    onProbation("one");
    ejected.eject("one");
    pass(Duration.ofSeconds(2).minusNanos(1));
    assertThat(ejected.presence("one")).isEqualTo(Presence.ABSENT);
  }

  @Test
  void nextFailure_isAFirstOneAgain_whenTheProbationWentWell() {
    onProbation("one");
    for (int i = 0; i < 3; i++) {
      ejected.answered("one", clock.get());
    }
    ejected.eject("one");
    pass(Duration.ofSeconds(1));

    assertThat(ejected.presence("one")).isEqualTo(Presence.DUE);
  }

  @Test
  void answers_sayNothing_whenTheirRequestsWereSentBeforeTheFailure() {
    long before = clock.get();
    pass(Duration.ofMillis(1));
    ejected.eject("one");

    ejected.answered("one", before);

    assertThat(ejected.isEjected("one")).isTrue();
  }

  @Test
  void errorsInARow_leaveOut_andAnAnswerStartsTheRowAnew() {
    for (int i = 0; i < 4; i++) {
      ejected.erred("one", 4);
    }
    ejected.answered("one", clock.get());
    for (int i = 0; i < 4; i++) {
      ejected.erred("one", 4);
    }
    assertThat(ejected.isEjected("one")).isFalse();
    ejected.erred("one", 4);
    assertThat(ejected.isEjected("one")).isTrue();
  }

  @Test
  void atMostTheShare_isLeftOut_forWhatMayBeEveryonesFault() {
    assertThat(ejected.ejectUnlessTooMany("one", 4)).isTrue();
    assertThat(ejected.ejectUnlessTooMany("two", 4)).isTrue();
    assertThat(ejected.ejectUnlessTooMany("three", 4)).isFalse();
    assertThat(ejected.count()).isEqualTo(2);
    assertThat(ejected.ejectUnlessTooMany("alone", 1)).isFalse();

    ejected.eject("three");
    assertThat(ejected.count()).isEqualTo(3);
  }

  @Test
  void count_isOfThoseLeftOutNow_andForgetsTheGone() {
    ejected.eject("one");
    ejected.eject("two");
    assertThat(ejected.count()).isEqualTo(2);
    ejected.update(Map.of("two", "two@1"));
    assertThat(ejected.count()).isEqualTo(1);
  }

  @Test
  void replicaThatHasStartedAgain_isPresent() {
    ejected.update(Map.of("one", "one@1", "two", "two@1"));
    ejected.eject("one");
    ejected.eject("two");
    ejected.update(Map.of("one", "one@2", "two", "two@1"));
    assertThat(ejected.presence("one")).isEqualTo(Presence.PRESENT);
    assertThat(ejected.presence("two")).isEqualTo(Presence.ABSENT);
  }

  @Test
  void bounds_areChecked() {
    assertThatThrownBy(() -> Balancing.leavingOut(Duration.ZERO, Duration.ofSeconds(1)))
        .hasMessage("fleet.gateway.balancing.leave-out-first: PT0S (expected: > 0)");
    assertThatThrownBy(() -> Balancing.leavingOut(Duration.ofSeconds(2), Duration.ofSeconds(1)))
        .hasMessageContaining("leave-out-most: PT1S (expected: >= leave-out-first, PT2S)");
  }

  private void onProbation(String replica) {
    ejected.eject(replica);
    pass(Duration.ofSeconds(1));
    ejected.heardOf(replica);
  }

  private void pass(Duration time) {
    clock.addAndGet(time.toNanos());
  }
}
