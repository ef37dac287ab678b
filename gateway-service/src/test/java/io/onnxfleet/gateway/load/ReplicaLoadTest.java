package io.onnxfleet.gateway.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.contract.fleet.LoadReport;
import java.time.Duration;
import java.util.Set;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class ReplicaLoadTest {

  private static final long MILLI = 1_000_000;

  private long now = Long.MAX_VALUE - 500 * MILLI;
  private final ReplicaLoads loads = new ReplicaLoads(Duration.ofSeconds(1), 4, () -> now);
  private final ModelLoads model = loads.of("m");
  private final ReplicaLoad one = model.of("one", now);

  @Test
  void inFlightThere_isTheReportsAndWhatWasSentSince() {
    ReplicaLoad.Call first = one.begin(now);
    one.begin(now);
    // Counts the other one of ours and five of other gateways.
    first.reported(new LoadReport(6, 0, 1), now);
    first.answered(now);
    assertThat(one.inFlightThere(now)).isEqualTo(6);

    one.begin(now);
    assertThat(one.inFlightThere(now)).isEqualTo(7);
  }

  @Test
  void report_countsNoLonger_whenItIsOldOrWornOut() {
    one.reported(new LoadReport(9, 0, 1), now);
    assertThat(one.hasFreshReport(now)).isTrue();
    assertThat(one.hasFreshReport(now + 1000 * MILLI + 1)).isFalse();

    for (int i = 0; i < 5; i++) {
      one.begin(now).ended();
    }
    assertThat(one.hasFreshReport(now)).isFalse();
  }

  @Test
  void inFlightThere_addsWhatOthersUsuallyHave_whenNoReportIsFresh() {
    for (int i = 0; i < 500; i++) {
      one.reported(new LoadReport(4, 0, 1), now);
    }
    ReplicaLoad other = model.of("two", now);
    other.begin(now);

    assertThat(other.inFlightThere(now)).isEqualTo(5);
  }

  @Test
  void estimate_growsWithWhatIsThere_andIsNotBelowTheReportedQueue() {
    answer(one, 10);
    assertThat(one.estimateNanos(now)).isEqualTo(10 * MILLI);
    one.begin(now);
    assertThat(one.estimateNanos(now)).isEqualTo(20 * MILLI);

    one.reported(new LoadReport(1, 80 * MILLI, 1), now);
    assertThat(one.estimateNanos(now)).isEqualTo(90 * MILLI);
  }

  @Test
  void estimate_risesFasterThanItFalls() {
    answerOften(one, 10);
    pass(300);
    answer(one, 100);
    double risen = one.perPlaceNanos(now) - 10 * MILLI;
    ReplicaLoad two = model.of("two", now);
    answerOften(two, 100);
    pass(300);
    answer(two, 10);
    double fallen = 100 * MILLI - two.perPlaceNanos(now);

    assertThat(risen).isGreaterThan(1.3 * fallen);
  }

  @Test
  void slowReplica_isThoughtOfAsUsualAgain_whenItIsNotAskedForLong() {
    ReplicaLoad usual = model.of("usual", now);
    for (int i = 0; i < 2000; i++) {
      answer(usual, 10);
    }
    for (int i = 0; i < 20; i++) {
      answer(one, 200);
    }
    pass(1000);
    double slow = one.perPlaceNanos(now);
    assertThat(slow).isGreaterThan(100.0 * MILLI);
    pass(60_000);
    assertThat(one.perPlaceNanos(now)).isLessThan(slow / 2);
    assertThat(one.perPlaceNanos(now)).isCloseTo(model.perPlaceNanos(), Offset.offset(1.0 * MILLI));
  }

  @Test
  void newReplica_isThoughtOfAlmostAsUsual_whenItsFirstAnswersAreSlow() {
    ReplicaLoad usual = model.of("usual", now);
    for (int i = 0; i < 2000; i++) {
      answer(usual, 10);
    }

    answer(one, 400);

    assertThat(one.perPlaceNanos(now)).isLessThan(80.0 * MILLI);
  }

  /** Otherwise a request that hangs makes all replicas that are not known look slow for long. */
  @Test
  void oneAnswer_howeverSlow_doesNotSayWhatIsUsual() {
    answerOften(one, 2);
    answer(one, 30_000);
    assertThat(model.perPlaceNanos()).isBetween(2.0 * MILLI, 2.5 * MILLI);
  }

  @Test
  void firstAnswers_sayWhatIsUsual_eachAsMuchAsTheOthers() {
    answer(one, 30);
    answer(model.of("two", now), 10);
    answer(one, 10);

    assertThat(model.perPlaceNanos())
        .isCloseTo(10 * Math.cbrt(3) * MILLI, Offset.offset(0.01 * MILLI));
  }

  /** Otherwise a replica that joins soon after gets nothing until that is forgotten. */
  @Test
  void firstAnswerOfAll_doesNotSayForLongWhatIsUsual() {
    answer(one, 300);
    for (int i = 0; i < 12; i++) {
      answer(one, 2);
    }
    assertThat(model.of("joined", now).estimateNanos(now))
        .isLessThan((long) (1.5 * one.estimateNanos(now)));
  }

  @Test
  void nothingSpeaksAgainstAReplica_thatHasNotAnswered_butItsQueue() {
    answer(model.of("usual", now), 10);
    assertThat(one.estimateNanos(now)).isEqualTo(10 * MILLI);
    assertThat(one.estimateNanosBeside(2 * MILLI, now)).isEqualTo(2 * MILLI);

    one.reported(new LoadReport(3, 80 * MILLI, 1), now);
    assertThat(one.estimateNanosBeside(2 * MILLI, now)).isEqualTo(82 * MILLI);
  }

  @Test
  void compiling_isNoExcuse_forMoreThanTwentyMillis_norBelowTheQuickest() {
    for (int i = 0; i < 16; i++) {
      answer(one, 60);
    }
    assertThat(one.estimateNanosBeside(2 * MILLI, now)).isBetween(40 * MILLI, 41 * MILLI);
    assertThat(one.estimateNanosBeside(50 * MILLI, now)).isEqualTo(50 * MILLI);
    answerOften(one, 60);
    assertThat(one.estimateNanosBeside(2 * MILLI, now)).isBetween(60 * MILLI - 1, 60 * MILLI);
  }

  @Test
  void newReplica_isAvoidedTheSooner_theSlowerItIs() {
    assertThat(answersUntilAvoided(model.of("twice", now), 20)).isBetween(80, 200);
    assertThat(answersUntilAvoided(model.of("tenfold", now), 100)).isBetween(2, 10);
    assertThat(answersUntilAvoided(model.of("hundredfold", now), 1000)).isBetween(1, 2);
  }

  /** Until its estimate is half above the usual one, from where on others are preferred. */
  private int answersUntilAvoided(ReplicaLoad load, long millis) {
    for (int others = 0; others < 2000; others++) {
      answer(model.of("usual", now), 10);
    }
    int answers = 0;
    while (load.estimateNanosBeside(10 * MILLI, now) < 15 * MILLI) {
      answer(load, millis);
      for (int others = 0; others < 5; others++) {
        answer(model.of("usual", now), 10);
      }
      answers++;
    }
    return answers;
  }

  private void answerOften(ReplicaLoad load, long millis) {
    for (int i = 0; i < 200; i++) {
      answer(load, millis);
    }
  }

  @Test
  void givenUpCall_countsAsAtLeastAsSlow_andNeverAsFast() {
    answer(one, 10);
    ReplicaLoad.Call quick = one.begin(now);
    quick.gaveUp(now);
    assertThat(one.perPlaceNanos(now)).isEqualTo(10.0 * MILLI);

    ReplicaLoad.Call stuck = one.begin(now);
    pass(400);
    stuck.gaveUp(now);
    assertThat(one.perPlaceNanos(now)).isGreaterThan(50.0 * MILLI);
    assertThat(one.ownInFlight()).isZero();
  }

  @Test
  void call_endsOnce_howeverOftenItIsTold() {
    ReplicaLoad.Call call = one.begin(now);
    call.answered(now);
    call.ended();
    call.gaveUp(now);

    assertThat(one.ownInFlight()).isZero();
    assertThat(one.samples()).isEqualTo(1);
  }

  @Test
  void quantile_isTheUpperBoundOfItsBucket_andForgets() {
    for (int i = 1; i <= 100; i++) {
      model.answered(i * MILLI, now);
    }
    assertThat(model.quantileNanos(0.99)).isBetween(99 * MILLI, 125 * MILLI);
    assertThat(model.quantileNanos(0.5)).isBetween(50 * MILLI, 63 * MILLI);
    for (int second = 0; second < 60; second += 5) {
      pass(5000);
      for (int i = 0; i < 50; i++) {
        model.answered(MILLI, now);
      }
    }
    assertThat(model.quantileNanos(0.99)).isLessThan(2 * MILLI);
  }

  @Test
  void quantile_isUnknown_whileFewAnswersCame() {
    model.answered(MILLI, now);
    assertThat(model.quantileNanos(0.99)).isZero();
  }

  @Test
  void retain_forgetsTheGone_unlessTheyHaveRequests() {
    ReplicaLoad.Call call = one.begin(now);
    model.of("two", now);
    loads.retain(Set.of(), name -> false);
    assertThat(model.all()).containsExactly(one);

    call.ended();
    loads.retain(Set.of(), name -> false);
    assertThat(loads.of("m")).isNotSameAs(model);
  }

  private void answer(ReplicaLoad load, long millis) {
    ReplicaLoad.Call call = load.begin(now);
    pass(millis);
    call.answered(now);
  }

  private void pass(long millis) {
    now += millis * MILLI;
  }
}
