package io.onnxfleet.gateway.forwarding;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.gateway.balancing.EjectedReplicas;
import io.onnxfleet.gateway.balancing.TestBalancer;
import io.onnxfleet.gateway.body.RequestBody;
import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.ModelReference;
import io.onnxfleet.gateway.fleet.Replica;
import io.onnxfleet.gateway.load.InFlightRequests;
import io.onnxfleet.gateway.load.ReplicaLoads;
import io.onnxfleet.gateway.local.LocalReplicas;
import io.onnxfleet.gateway.local.LocalReplicas.Asked;
import io.onnxfleet.gateway.rollout.AnswerComparison;
import io.onnxfleet.gateway.rollout.InferenceAnswer;
import io.onnxfleet.gateway.rollout.ShadowResult;
import io.onnxfleet.gateway.suspect.RunRequest;
import io.onnxfleet.gateway.suspect.Suspects;
import io.onnxfleet.gateway.suspect.TestSuspects;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

class ShadowsTest {

  private static final ModelReference CANDIDATE = new ModelReference("m", "2");
  private static final int MOST_OF_ANSWER = 1000;

  private final LocalReplicas local = new LocalReplicas();
  private final InFlightRequests inFlight = new InFlightRequests();
  private final EjectedReplicas ejected = TestBalancer.ejected(() -> 0);
  private final ReplicaLoads loads = new ReplicaLoads(Duration.ofSeconds(1), 8, () -> 0);
  private Fleet fleet = new Fleet(List.of(), List.of());
  private final Suspects suspects = TestSuspects.of(() -> fleet, ejected::isEjected, () -> 0);
  private boolean lives;
  private final Shadows shadows =
      new Shadows(
          local.pooled(),
          TestBalancer.first(() -> fleet, ejected, inFlight, loads, () -> 0),
          inFlight,
          ejected,
          suspects,
          replica -> Mono.just(lives),
          new AnswerComparison(0.001),
          MOST_OF_ANSWER,
          1);

  @AfterEach
  void close() {
    local.close();
  }

  private Replica candidate(Consumer<Asked> answering) {
    Replica replica =
        local.start(
            "r",
            Map.of(
                "models-ready",
                "m:1,m:2",
                "models-contents",
                "m/1@aaaaaaaaaaaa,m/2@bbbbbbbbbbbb",
                "started",
                "1"),
            answering);
    fleet = new Fleet(List.of(replica), List.of());
    return replica;
  }

  private static String outputs(String data) {
    return "{\"outputs\":[{\"name\":\"y\",\"datatype\":\"FP32\",\"shape\":[2],\"data\":[%s]}]}"
        .formatted(data);
  }

  private static ShadowRequest request(String... headers) {
    Map<String, String> sent = headers.length == 0 ? Map.of() : Map.of(headers[0], headers[1]);
    return new ShadowRequest(
        CANDIDATE, sent, new RequestBody.Kept("{\"inputs\":[]}".getBytes(UTF_8)), "id");
  }

  private CompletableFuture<ShadowResult> begun(ShadowRequest request) {
    CompletableFuture<ShadowResult> told = new CompletableFuture<>();
    shadows.run(
        request, new InferenceAnswer(outputs("1,2").getBytes(UTF_8), null, null), told::complete);
    return told;
  }

  private ShadowResult run(ShadowRequest request) throws Exception {
    return begun(request).get(20, TimeUnit.SECONDS);
  }

  private static void assertSkipped(CompletableFuture<ShadowResult> told) {
    assertThat(told).isCompletedWithValue(new ShadowResult.Skipped());
  }

  @Test
  void candidate_getsACopy_andItsAnswerIsCompared() throws Exception {
    Replica replica = candidate(asked -> asked.answers(200, outputs("1,2")));
    assertThat(run(request("Content-Type", "application/json")))
        .isEqualTo(new ShadowResult.Compared(0, true));

    Asked asked = local.asked().getFirst();
    assertThat(asked.method() + " " + asked.uri()).isEqualTo("POST /v2/models/m/versions/2/infer");
    assertThat(asked.body()).isEqualTo("{\"inputs\":[]}");
    assertThat(asked.headers().get("Content-Type")).isEqualTo("application/json");
    assertThat(asked.headers().get(HeaderNames.REQUEST_ID)).isEqualTo("id");
    local.settle();
    assertThat(inFlight.count(replica.id())).isZero();
  }

  @Test
  void answersThatDiffer_areToldSo() throws Exception {
    candidate(asked -> asked.answers(200, outputs("1,3")));
    assertThat(run(request()).tag()).isEqualTo("different");
  }

  @Test
  void candidateThatDoesNotAnswerWell_hasFailed() throws Exception {
    candidate(asked -> asked.answers(500, ""));
    assertThat(run(request())).isEqualTo(new ShadowResult.Failed("status 500"));
  }

  @Test
  void answerThatIsTooLarge_isNotRead() throws Exception {
    candidate(asked -> asked.answers(200, "x".repeat(MOST_OF_ANSWER + 1)));
    assertThat(run(request()))
        .isInstanceOfSatisfying(
            ShadowResult.Failed.class,
            failed -> assertThat(failed.why()).contains("more than 1000 bytes"));
  }

  @Test
  void nothingIsAsked_whereNobodyHasRoom() {
    assertSkipped(begun(request()));
    Replica replica = candidate(asked -> asked.answers(200, ""));
    ejected.eject(replica.id());
    assertSkipped(begun(request()));
    assertThat(local.asked()).isEmpty();
  }

  @Test
  void noMoreAreUnderWay_thanTheBound() throws Exception {
    Replica replica = candidate(asked -> {});
    vouchFor(replica);
    CompletableFuture<ShadowResult> first = begun(request());
    local.settle();
    assertThat(inFlight.count(replica.id())).isEqualTo(1);
    assertSkipped(begun(request()));

    local.asked().getFirst().answers(200, outputs("1,2"));

    assertThat(first.get(20, TimeUnit.SECONDS)).isEqualTo(new ShadowResult.Compared(0, true));
    local.settle();
    assertThat(begun(request())).isNotDone();
  }

  private void vouchFor(Replica replica) {
    TestSuspects.vouch(suspects, replica, new RunRequest(CANDIDATE, 1 << 20, true, null));
  }

  /** A copy is held to what callers' own requests are held to. */
  @Test
  void copyThatIsEncoded_orOnProbation_goesNowhereElse() throws Exception {
    Replica replica = candidate(asked -> asked.breaksOff());
    assertThat(run(request("content-encoding", "gzip"))).isInstanceOf(ShadowResult.Failed.class);
    assertThat(ejected.isEjected(replica.id())).isTrue();

    Replica other =
        local.start(
            "other",
            Map.of("models-ready", "m:2", "models-contents", "m/2@bbbbbbbbbbbb", "started", "1"),
            asked -> asked.answers(200, ""));
    fleet = new Fleet(List.of(other), List.of());
    suspects.died(other, new RunRequest(CANDIDATE, 13, false, null));
    assertSkipped(begun(request()));
    assertThat(local.asked()).hasSize(1);
  }

  @Test
  void replicaThatBreaksOff_isLeftOut_unlessItLives() throws Exception {
    Replica replica = candidate(asked -> asked.breaksOff());
    lives = true;
    assertThat(run(request())).isInstanceOf(ShadowResult.Failed.class);
    assertThat(ejected.isEjected(replica.id())).isFalse();

    lives = false;
    assertThat(run(request())).isInstanceOf(ShadowResult.Failed.class);
    assertThat(ejected.isEjected(replica.id())).isTrue();
  }

  @Test
  void replicaThatGotNothing_isNotSuspected() throws Exception {
    fleet = new Fleet(List.of(local.ended("r", Map.of("models-ready", "m:2"))), List.of());
    assertThat(run(request())).isInstanceOf(ShadowResult.Failed.class);
    assertThat(ejected.count()).isZero();
  }
}
