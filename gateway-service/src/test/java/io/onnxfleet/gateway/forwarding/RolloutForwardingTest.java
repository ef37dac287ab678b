package io.onnxfleet.gateway.forwarding;

import static io.onnxfleet.gateway.forwarding.Forwarded.MILLI;
import static io.onnxfleet.gateway.forwarding.Forwarded.MODEL;
import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.gateway.body.RequestBody;
import io.onnxfleet.gateway.call.FakeAnswer;
import io.onnxfleet.gateway.call.TestCalls;
import io.onnxfleet.gateway.local.LocalReplicas;
import io.onnxfleet.gateway.rollout.AnswerComparison;
import io.onnxfleet.gateway.rollout.Assignment;
import io.onnxfleet.gateway.rollout.Rollout;
import io.onnxfleet.gateway.rollout.RolloutPlan;
import io.onnxfleet.gateway.rollout.TestRollouts;
import io.onnxfleet.gateway.routing.Destination;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.http.HttpHeaders;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

class RolloutForwardingTest {

  private static final int MOST_OF_ANSWER = 8;
  private static final RequestBody KEPT = new RequestBody.Kept(new byte[] {1});

  private final Forwarded forwarded = new Forwarded(5, 100, "a", "b").vouchedFor();
  private final LocalReplicas local = new LocalReplicas();
  private final FakeAnswer answer = new FakeAnswer();
  private final Rollout rollout =
      TestRollouts.of(new RolloutPlan("m", "1", "other:1", 0, 1), forwarded.timer::now);

  /** No replica has the candidate, so that copies are skipped. */
  private final RolloutForwarding forwarding =
      new RolloutForwarding(
          forwarded.forwarding,
          new Shadows(
              local.pooled(),
              forwarded.forwarding.balancer(),
              forwarded.inFlight,
              forwarded.ejected,
              forwarded.suspects,
              replica -> Mono.just(true),
              new AnswerComparison(0.001),
              MOST_OF_ANSWER,
              1),
          MOST_OF_ANSWER,
          forwarded.timer::now);

  @AfterEach
  void close() {
    local.close();
  }

  private void forward(@Nullable Assignment assignment, RequestBody body) {
    forwarding
        .forward(
            new Destination(TestCalls.infer("m", answer, 60_000 * MILLI), MODEL, false, assignment),
            body)
        .subscribe();
  }

  private void replicaAnswers(int status) throws Exception {
    forwarded.timer.advance(MILLI);
    forwarded.replicas.open().getFirst().answers(status);
  }

  @Test
  void call_isNobodysRollout_whereNothingIsRolledOut() throws Exception {
    forward(null, KEPT);
    replicaAnswers(200);
    assertThat(answer.body()).isEqualTo("a");
    assertThat(TestRollouts.answers(rollout)).isZero();
  }

  @Test
  void outcome_countsForItsSide_onceTheAnswerBegins() throws Exception {
    forward(TestRollouts.stable(rollout, false), KEPT);
    assertThat(TestRollouts.answers(rollout)).isZero();
    replicaAnswers(500);
    assertThat(TestRollouts.answers(rollout)).isEqualTo(1);
    assertThat(TestRollouts.failures(rollout)).isEqualTo(1);
    assertThat(TestRollouts.shadows(rollout)).isEmpty();
  }

  @Test
  void candidate_isGivenACopy_onceTheWholeAnswerIsKnown() throws Exception {
    forward(TestRollouts.stable(rollout, true), KEPT);
    assertThat(TestRollouts.shadows(rollout)).isEmpty();
    replicaAnswers(200);
    assertThat(answer.body()).isEqualTo("a");
    assertThat(TestRollouts.shadows(rollout)).isEqualTo(Map.of("skipped", 1L));
  }

  @Test
  void answerThatIsNot200_isNotCompared() throws Exception {
    forward(TestRollouts.stable(rollout, true), KEPT);
    replicaAnswers(500);
    assertThat(answer.status()).isEqualTo(500);
    assertThat(TestRollouts.shadows(rollout)).isEqualTo(Map.of("uncompared", 1L));
  }

  @Test
  void bodyThatIsNotKept_isNotCompared() throws Exception {
    forward(TestRollouts.stable(rollout, true), new RequestBody.Streamed(Flux.empty(), 1));
    assertThat(TestRollouts.shadows(rollout)).isEqualTo(Map.of("uncompared", 1L));
    replicaAnswers(200);
    assertThat(answer.body()).isEqualTo("a");
  }

  @Test
  void copy_bearsWhatDescribesTheBody_andNothingElse() {
    HttpHeaders received = new HttpHeaders();
    received.set(HttpHeaders.CONTENT_TYPE, "application/json");
    received.set(HttpHeaders.AUTHORIZATION, "Bearer secret");
    assertThat(ShadowRequest.of(received, new RequestBody.Kept(new byte[0]), MODEL, "id").headers())
        .isEqualTo(Map.of(HttpHeaders.CONTENT_TYPE, "application/json"));
  }
}
