package io.onnxfleet.gateway.forwarding;

import static io.onnxfleet.gateway.forwarding.Forwarded.MILLI;
import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.body.RequestBody;
import io.onnxfleet.gateway.forwarding.FakeReplicas.Try;
import io.onnxfleet.gateway.forwarding.Forwarded.Client;
import io.onnxfleet.gateway.forwarding.ReplicaFailure.Reason;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Flux;

class ForwardedCallTest {

  private static final RequestBody STREAMED = new RequestBody.Streamed(Flux.empty(), 5);

  private static Forwarded three() {
    return new Forwarded(5, 100, "a", "b", "c").vouchedFor();
  }

  /** Two replicas, of which it is known that they take 10 ms. */
  private static Forwarded learnedTwo(int maxTries, int retryBurst) throws Exception {
    Forwarded forwarded = new Forwarded(maxTries, retryBurst, "a", "b").vouchedFor();
    forwarded.learn(40, 10 * MILLI);
    return forwarded;
  }

  @Test
  void call_isAnsweredByOneReplica_andLeavesNothingBehind() {
    Forwarded forwarded = three();
    Client client = forwarded.infers();
    assertThat(forwarded.replicas.asked()).containsExactly("a");
    assertThat(forwarded.counted()).isEqualTo(1);
    assertThat(forwarded.timer.waiting()).isEqualTo(1);

    forwarded.replicas.tries().getFirst().answers(200);

    assertThat(client.isServed()).isTrue();
    assertThat(client.answer.body()).isEqualTo("a");
    assertThat(forwarded.counted()).isZero();
    assertThat(forwarded.timer.waiting()).isZero();
  }

  @ParameterizedTest
  @EnumSource(
      value = Reason.class,
      names = {"REFUSED", "RESET", "CUT", "DRAINING", "CLOSED"})
  void call_goesToAnotherReplica_andTheFirstIsEjected_whenItFailedBeforeItsAnswer(Reason reason) {
    Forwarded forwarded = three();
    Client client = forwarded.infers();

    forwarded.replicas.tries().getFirst().fails(reason);

    assertThat(forwarded.replicas.asked()).containsExactly("a", "b");
    assertThat(forwarded.ejected.isEjected("a")).isTrue();
    assertThat(forwarded.counted()).isEqualTo(1);
    assertThat(forwarded.retried(reason.tag())).isEqualTo(1);
    forwarded.replicas.tries().getLast().answers(200);
    assertThat(client.answer.body()).isEqualTo("b");
  }

  @Test
  void call_isRefused_whenEveryReplicaFailed() {
    Forwarded forwarded = three();
    Client client = forwarded.infers();
    for (int i = 0; i < 3; i++) {
      forwarded.replicas.open().getFirst().fails(Reason.REFUSED);
    }
    assertThat(forwarded.replicas.asked()).containsExactly("a", "b", "c");
    assertThat(client.refusal().code()).isEqualTo(ErrorCode.NO_REPLICA);
    assertThat(client.refusal()).hasMessageContaining("no replica answered in 3 tries");
  }

  @Test
  void call_isRefused_afterTheMostTries() {
    Forwarded forwarded = new Forwarded(2, 100, "a", "b", "c").vouchedFor();
    Client client = forwarded.infers();
    forwarded.replicas.open().getFirst().fails(Reason.REFUSED);
    forwarded.replicas.open().getFirst().fails(Reason.REFUSED);
    assertThat(forwarded.replicas.asked()).containsExactly("a", "b");
    assertThat(client.refusal().code()).isEqualTo(ErrorCode.NO_REPLICA);
  }

  @Test
  void call_isRefusedAsSaturated_andNobodyIsEjected_whenNoConnectionIsFree() {
    Forwarded forwarded = three();
    Client client = forwarded.infers();
    for (int i = 0; i < 3; i++) {
      forwarded.replicas.open().getFirst().fails(Reason.SATURATED);
    }
    assertThat(client.refusal().code()).isEqualTo(ErrorCode.REPLICAS_SATURATED);
    assertThat(forwarded.ejected.count()).isZero();
  }

  @Test
  void streamedBody_isSentAgain_onlyWhileNothingOfItWentOut() {
    Forwarded forwarded = three();
    Client client = forwarded.sends(STREAMED);
    assertThat(forwarded.timer.waiting()).as("nobody else could be asked beside it").isZero();
    forwarded.replicas.open().getFirst().fails(Reason.REFUSED);
    assertThat(forwarded.replicas.asked()).containsExactly("a", "b");

    forwarded.replicas.open().getFirst().fails(Reason.RESET);

    assertThat(forwarded.replicas.asked()).containsExactly("a", "b");
    assertThat(client.refusal().code()).isEqualTo(ErrorCode.NO_REPLICA);
  }

  @Test
  void clientsOwnFailure_isPassedOn_andEjectsNobody() {
    Forwarded forwarded = three();
    Client client = forwarded.sends(STREAMED);
    IllegalStateException broken = new IllegalStateException("the client's body broke off");
    forwarded.replicas.open().getFirst().fails(broken);
    assertThat(client.failure).isSameAs(broken);
    assertThat(forwarded.ejected.count()).isZero();
  }

  @Test
  void secondReplica_isAskedBesideASilentOne_andTheFirstToAnswerWins() throws Exception {
    Forwarded forwarded = three();
    forwarded.learn(40, 10 * MILLI);
    Client client = forwarded.infers();

    forwarded.timer.advance(20 * MILLI);
    assertThat(forwarded.replicas.asked()).containsExactly("a", "b");
    assertThat(forwarded.retried("hedged")).isEqualTo(1);
    forwarded.timer.advance(20 * MILLI);
    assertThat(forwarded.replicas.asked()).as("never more than two").hasSize(2);

    Try slow = forwarded.replicas.tries().getFirst();
    Try quick = forwarded.replicas.tries().getLast();
    assertThat(quick.begins(200)).isTrue();
    assertThat(slow.isCancelled()).isTrue();
    assertThat(client.ends).isZero();
    quick.ends();
    assertThat(client.isServed()).isTrue();
    assertThat(client.answer.body()).isEqualTo("b");
    assertThat(forwarded.counted()).isZero();
    assertThat(forwarded.timer.waiting()).isZero();
  }

  @Test
  void firstReplica_wins_whenItAnswersAfterAll() throws Exception {
    Forwarded forwarded = three();
    forwarded.learn(40, 10 * MILLI);
    Client client = forwarded.infers();
    forwarded.timer.advance(20 * MILLI);
    forwarded.replicas.tries().getFirst().answers(200);
    assertThat(forwarded.replicas.tries().getLast().isCancelled()).isTrue();
    assertThat(client.answer.body()).isEqualTo("a");
  }

  @Test
  void failureOfOneLane_isNotTheCalls_whileTheOtherIsOpen() throws Exception {
    Forwarded forwarded = learnedTwo(2, 100);
    Client client = forwarded.infers();
    forwarded.timer.advance(20 * MILLI);

    forwarded.replicas.tries().getFirst().fails(Reason.RESET);
    assertThat(client.ends).isZero();
    forwarded.replicas.tries().getLast().answers(200);
    assertThat(client.answer.body()).isEqualTo("b");
  }

  @Test
  void replicaThatHasTheCall_isNotAskedAgain_whenTheOtherFails() throws Exception {
    Forwarded forwarded = learnedTwo(5, 100);
    Client client = forwarded.infers();
    forwarded.timer.advance(11 * MILLI);
    assertThat(forwarded.replicas.asked()).containsExactly("a", "b");

    forwarded.replicas.tries().getFirst().fails(Reason.REFUSED);

    assertThat(forwarded.replicas.asked()).containsExactly("a", "b");
    assertThat(client.ends).isZero();
    forwarded.replicas.tries().getLast().answers(200);
    assertThat(client.answer.body()).isEqualTo("b");
  }

  @Test
  void replicaThatWasGivenUp_isAskedAgain_whenTheFirstAnswerBreaksOff() throws Exception {
    Forwarded forwarded = learnedTwo(5, 100);
    Client client = forwarded.infers();
    forwarded.timer.advance(11 * MILLI);
    Try first = forwarded.replicas.tries().getFirst();
    assertThat(first.begins(200)).isTrue();

    first.fails(Reason.CUT);

    assertThat(forwarded.replicas.asked()).containsExactly("a", "b", "b");
    forwarded.replicas.open().getFirst().answers(200);
    assertThat(client.answer.body()).isEqualTo("b");
  }

  @Test
  void nobodyIsAskedBeside_whenTheRetryBudgetIsUsedUp() throws Exception {
    Forwarded forwarded = learnedTwo(5, 1);
    Client first = forwarded.infers();
    forwarded.timer.advance(20 * MILLI);
    assertThat(forwarded.replicas.asked()).containsExactly("a", "b");
    forwarded.replicas.open().getFirst().answers(200);
    assertThat(first.isServed()).isTrue();

    forwarded.replicas.tries().clear();
    forwarded.infers();
    forwarded.timer.advance(20 * MILLI);
    assertThat(forwarded.replicas.asked()).containsExactly("a");
  }

  @Test
  void nobodyIsAskedBeside_whenNoOtherHasRoom() throws Exception {
    Forwarded forwarded = learnedTwo(5, 100);
    forwarded.ejected.eject("b");
    forwarded.infers();
    forwarded.timer.advance(20 * MILLI);
    assertThat(forwarded.replicas.asked()).containsExactly("a");
  }

  @Test
  void muteReplica_isEjected_onceItCountsAsStuck() throws Exception {
    Forwarded forwarded = three();
    forwarded.learn(40, 10 * MILLI);
    forwarded.infers();
    forwarded.timer.advance(200 * MILLI);
    assertThat(forwarded.ejected.isEjected("a")).isFalse();
    forwarded.timer.advance(100 * MILLI);
    assertThat(forwarded.ejected.isEjected("a")).isTrue();
  }

  @Test
  void busyReplica_isNotEjected_whenItAnswersOthersMeanwhile() throws Exception {
    Forwarded forwarded = learnedTwo(5, 0);
    forwarded.infers();
    forwarded.timer.advance(100 * MILLI);
    Client other = forwarded.infers();
    assertThat(forwarded.replicas.asked()).containsExactly("a", "a");
    forwarded.replicas.tries().getLast().answers(200);
    assertThat(other.isServed()).isTrue();
    forwarded.timer.advance(200 * MILLI);
    assertThat(forwarded.ejected.isEjected("a")).isFalse();
  }

  @Test
  void staleConnection_isTriedElsewhere_andItsReplicaStays_whenItLives() {
    Forwarded forwarded = three();
    forwarded.living.add("a");
    Client client = forwarded.infers();
    forwarded.replicas.open().getFirst().fails(Reason.STALE);
    assertThat(forwarded.replicas.asked()).containsExactly("a", "b");
    assertThat(forwarded.ejected.count()).isZero();
    forwarded.replicas.open().getFirst().answers(200);
    assertThat(client.isServed()).isTrue();
  }

  @Test
  void staleConnection_isTriedAgainAtTheSameReplica_onceOnly_whenThereIsNoOther() {
    Forwarded forwarded = new Forwarded(5, 100, "a").vouchedFor();
    forwarded.living.add("a");
    Client client = forwarded.infers();
    forwarded.replicas.open().getFirst().fails(Reason.STALE);
    assertThat(forwarded.replicas.asked()).containsExactly("a", "a");
    forwarded.replicas.open().getFirst().fails(Reason.STALE);
    assertThat(forwarded.replicas.asked()).containsExactly("a", "a");
    assertThat(client.refusal().code()).isEqualTo(ErrorCode.NO_REPLICA);
    assertThat(forwarded.ejected.isEjected("a")).isTrue();
  }

  @Test
  void staleConnection_isADeath_whenItsReplicaDoesNotAnswerAProbe() {
    Forwarded forwarded = three();
    forwarded.infers();
    forwarded.replicas.open().getFirst().fails(Reason.STALE);
    assertThat(forwarded.ejected.isEjected("a")).isTrue();
    assertThat(forwarded.retried("reset")).isEqualTo(1);
    assertThat(forwarded.replicas.asked()).containsExactly("a", "b");
  }

  @Test
  void staleConnectionOfAQuestion_isTriedElsewhere_withoutAProbe() {
    Forwarded forwarded = three();
    Client client = forwarded.asksAbout();
    forwarded.replicas.open().getFirst().fails(Reason.STALE);
    assertThat(forwarded.replicas.asked()).containsExactly("a", "b");
    assertThat(forwarded.ejected.count()).isZero();
    forwarded.replicas.open().getFirst().answers(200);
    assertThat(client.isServed()).isTrue();
  }

  @Test
  void callThatNothingSpeaksFor_isNotSentOn_afterADeath() {
    Forwarded forwarded = new Forwarded(5, 100, "a", "b", "c");
    Client client = forwarded.infers();
    forwarded.replicas.open().getFirst().fails(Reason.RESET);
    assertThat(forwarded.replicas.tries()).hasSize(1);
    assertThat(client.refusal().code()).isEqualTo(ErrorCode.SUSPECT_REQUEST);
  }

  @Test
  void brokenConnection_isNoDeath_ifTheReplicaLives() {
    Forwarded forwarded = new Forwarded(5, 100, "a", "b", "c");
    forwarded.living.addAll(List.of("a", "b", "c"));
    Client client = forwarded.infers();
    forwarded.replicas.open().getFirst().fails(Reason.RESET);
    assertThat(forwarded.ejected.count()).isZero();
    forwarded.replicas.open().getFirst().answers(200);
    assertThat(client.isServed()).isTrue();
  }

  @Test
  void callThatIsVouchedFor_goesOnToOneOther_afterADeath_butNotAfterTwo() {
    Forwarded forwarded = three();
    Client client = forwarded.infers();
    forwarded.replicas.open().getFirst().fails(Reason.RESET);
    forwarded.replicas.open().getFirst().fails(Reason.RESET);
    assertThat(forwarded.replicas.asked()).containsExactly("a", "b");
    assertThat(client.refusal().code()).isEqualTo(ErrorCode.SUSPECT_REQUEST);
  }

  @Test
  void questionAboutAModel_mayEndConnections_withoutSuspicion() {
    Forwarded forwarded = new Forwarded(5, 100, "a", "b", "c");
    Client client = forwarded.asksAbout();
    forwarded.replicas.open().getFirst().fails(Reason.RESET);
    forwarded.replicas.open().getFirst().fails(Reason.RESET);
    forwarded.replicas.open().getFirst().answers(200);
    assertThat(client.answer.body()).isEqualTo("c");
  }

  @Test
  void refusalForWantOfRoom_isKeptFromTheClientOnce() {
    Forwarded forwarded = three();
    Client client = forwarded.infers();
    forwarded.replicas.open().getFirst().answers(429);
    assertThat(forwarded.replicas.asked()).containsExactly("a", "b");
    forwarded.replicas.open().getFirst().answers(429);
    assertThat(forwarded.replicas.asked()).containsExactly("a", "b");
    assertThat(client.answer.status()).isEqualTo(429);
    assertThat(client.isServed()).isTrue();
    assertThat(forwarded.ejected.count()).isZero();
  }

  @Test
  void refusalForWantOfRoom_isTold_whenNobodyElseHasAny() {
    Forwarded forwarded = new Forwarded(5, 100, "a", "b").vouchedFor();
    forwarded.ejected.eject("b");
    Client client = forwarded.infers();
    forwarded.replicas.open().getFirst().answers(503);
    assertThat(client.answer.status()).isEqualTo(503);
    assertThat(forwarded.replicas.asked()).containsExactly("a");
  }

  @Test
  void refusalForWantOfRoom_isNotTheAnswer_whileAnotherReplicaMayGiveOne() throws Exception {
    for (int refusing = 0; refusing < 2; refusing++) {
      Forwarded forwarded = learnedTwo(5, 100);
      Client client = forwarded.infers();
      forwarded.timer.advance(11 * MILLI);
      assertThat(forwarded.replicas.asked()).containsExactly("a", "b");

      Try refused = forwarded.replicas.tries().get(refusing);
      Try other = forwarded.replicas.tries().get(1 - refusing);
      refused.answers(429);
      assertThat(client.ends).isZero();
      assertThat(other.isCancelled()).isFalse();

      other.answers(200);
      assertThat(client.answer.status()).isEqualTo(200);
      assertThat(client.answer.body()).isEqualTo(refusing == 0 ? "b" : "a");
    }
  }

  @Test
  void refusalForWantOfRoom_isTold_whenBothRefuse() throws Exception {
    Forwarded forwarded = learnedTwo(5, 100);
    Client client = forwarded.infers();
    forwarded.timer.advance(11 * MILLI);
    forwarded.replicas.tries().getLast().answers(429);
    forwarded.replicas.tries().getFirst().answers(429);
    assertThat(client.answer.status()).isEqualTo(429);
    assertThat(client.isServed()).isTrue();
  }

  @Test
  void refusalForWantOfRoom_isTold_whenTheOtherReplicaIsStuck() throws Exception {
    Forwarded forwarded = learnedTwo(5, 100);
    Client client = forwarded.infers();
    forwarded.timer.advance(11 * MILLI);
    forwarded.timer.advance(400 * MILLI);
    assertThat(forwarded.ejected.isEjected("a")).isTrue();
    forwarded.replicas.tries().getLast().answers(429);
    assertThat(client.answer.status()).isEqualTo(429);
  }

  @Test
  void errorsOfAReplica_ejectIt_whenTheyComeInARow() {
    Forwarded forwarded = three();
    for (int i = 0; i < 5; i++) {
      assertThat(forwarded.ejected.isEjected("a")).isFalse();
      forwarded.infers();
      forwarded.replicas.open().getFirst().answers(500);
    }
    assertThat(forwarded.ejected.isEjected("a")).isTrue();
  }

  @Test
  void call_isSentNowhere_whenItsDeadlineHasPassed() throws Exception {
    Forwarded forwarded = three();
    forwarded.timer.advance(MILLI);
    Client client = forwarded.infersUntil(MILLI);
    assertThat(client.refusal().code()).isEqualTo(ErrorCode.DEADLINE_EXCEEDED);
    assertThat(forwarded.replicas.tries()).isEmpty();
  }

  @Test
  void call_isNotTriedAgain_whenItsDeadlineHasPassedMeanwhile() throws Exception {
    Forwarded forwarded = new Forwarded(5, 0, "a", "b").vouchedFor();
    Client client = forwarded.infersUntil(10 * MILLI);
    forwarded.timer.advance(10 * MILLI);
    forwarded.replicas.open().getFirst().fails(Reason.REFUSED);
    assertThat(client.refusal().code()).isEqualTo(ErrorCode.DEADLINE_EXCEEDED);
  }

  @Test
  void everyTry_isCancelled_whenTheClientLeaves() throws Exception {
    Forwarded forwarded = three();
    forwarded.learn(40, 10 * MILLI);
    Client client = forwarded.infers();
    forwarded.timer.advance(20 * MILLI);
    List<Try> both = forwarded.replicas.open();
    assertThat(both).hasSize(2);

    client.leaves();

    assertThat(both).allMatch(Try::isCancelled);
    assertThat(forwarded.counted()).isZero();
    assertThat(forwarded.timer.waiting()).isZero();
    assertThat(client.ends).isZero();
  }

  @Test
  void uncharted_waitAtOneReplica_whichIsFreeAgain_whenTheClientLeaves() {
    Forwarded forwarded = new Forwarded(5, 100, "a", "b", "c");
    Client first = forwarded.infers();
    String holder = forwarded.replicas.asked().getFirst();
    forwarded.infers();
    assertThat(forwarded.replicas.asked()).containsExactly(holder, holder);
    first.leaves();
    forwarded.replicas.open().getFirst().answers(200);
    Client free = forwarded.infers();
    assertThat(forwarded.replicas.asked().getLast()).isEqualTo("a");
    forwarded.replicas.open().getFirst().answers(200);
    assertThat(free.isServed()).isTrue();
  }
}
