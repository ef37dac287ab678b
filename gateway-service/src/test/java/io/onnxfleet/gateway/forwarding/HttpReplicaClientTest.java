package io.onnxfleet.gateway.forwarding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.LoadReport;
import io.onnxfleet.gateway.body.RequestBody;
import io.onnxfleet.gateway.call.Call;
import io.onnxfleet.gateway.call.FakeAnswer;
import io.onnxfleet.gateway.call.TestCalls;
import io.onnxfleet.gateway.fleet.Replica;
import io.onnxfleet.gateway.forwarding.ReplicaFailure.Reason;
import io.onnxfleet.gateway.local.LocalReplicas;
import io.onnxfleet.gateway.local.LocalReplicas.Asked;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

class HttpReplicaClientTest {

  private static final Duration BOUND = Duration.ofSeconds(20);
  private static final RequestBody KEPT = new RequestBody.Kept(bytes("{\"a\":1}"));
  private static final LoadReport LOAD = new LoadReport(3, 0, 0.5);

  private LocalReplicas local = new LocalReplicas();
  private final FakeAnswer answer = new FakeAnswer();
  private final Gate gate = new Gate();
  private final Call call = TestCalls.infer("m", answer, Long.MAX_VALUE, "X-Asked", "yes");

  /** Remembers what it was told, and says what a test wants. */
  private static final class Gate implements AnswerGate {

    private final List<LoadReport> reports = new ArrayList<>();
    private boolean claims = true;
    private boolean goesElsewhere;

    @Override
    public void reported(LoadReport report) {
      reports.add(report);
    }

    @Override
    public boolean goesElsewhere(int status) {
      return goesElsewhere;
    }

    @Override
    public boolean claims(int status) {
      return claims;
    }
  }

  @AfterEach
  void close() {
    local.close();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static Flux<DataBuffer> pieces(String... texts) {
    return Flux.just(texts).map(text -> DefaultDataBufferFactory.sharedInstance.wrap(bytes(text)));
  }

  private Mono<Void> sent(Replica replica, RequestBody body) {
    return new HttpReplicaClient(local.pooled())
        .send(replica, call, body, Duration.ofMillis(700), gate);
  }

  private void send(Replica replica, RequestBody body) {
    sent(replica, body).block(BOUND);
  }

  private void assertFails(Replica replica, RequestBody body, Reason reason) {
    assertThatThrownBy(() -> send(replica, body))
        .isInstanceOfSatisfying(
            ReplicaFailure.class,
            failure -> assertThat(failure.reason()).as(failure.toString()).isEqualTo(reason));
  }

  private Replica answering(int status, String... headers) {
    return local.start("r", asked -> asked.answers(status, "answer", headers));
  }

  @Test
  void call_arrivesWithItsBody_andWhatTheGatewaySays_andItsAnswerComesBack() {
    call.trace().caller("key:abc");
    call.trace().priority(3);
    call.trace().variant("m-small", "2");

    send(answering(200, HeaderNames.LOAD_METRICS, LOAD.asText(), "X-Said", "yes"), KEPT);

    Asked asked = local.asked().getFirst();
    assertThat(asked.method() + " " + asked.uri()).isEqualTo("POST /v2/models/m/infer");
    assertThat(asked.body()).isEqualTo("{\"a\":1}");
    assertThat(asked.headers().get("X-Asked")).isEqualTo("yes");
    assertThat(asked.headers().get(HeaderNames.REQUEST_ID)).isEqualTo("request");
    assertThat(asked.headers().get(HeaderNames.TRACE_PARENT)).isEqualTo(call.trace().traceparent());
    assertThat(asked.headers().get(HeaderNames.CALLER)).contains("abc");
    assertThat(asked.headers().get(HeaderNames.PRIORITY)).isEqualTo("3");
    assertThat(asked.headers().get(HeaderNames.VARIANT)).isEqualTo("m-small");
    assertThat(asked.headers().get(HeaderNames.VARIANT_VERSION)).isEqualTo("2");
    assertThat(asked.headers().get(HeaderNames.DEADLINE_MILLIS)).isEqualTo("700");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo("answer");
    assertThat(answer.headers().getFirst("X-Said")).isEqualTo("yes");
    assertThat(answer.headers().getFirst(HeaderNames.LOAD_METRICS)).isNull();
    assertThat(gate.reports).containsExactly(LOAD);
  }

  @Test
  void headersOfWhatIsNotKnown_areNotSent() {
    send(answering(200), KEPT);
    assertThat(local.asked().getFirst().headers().names())
        .doesNotContain(HeaderNames.CALLER, HeaderNames.VARIANT, HeaderNames.VARIANT_VERSION);
    assertThat(gate.reports).isEmpty();
  }

  @Test
  void bodies_arriveWhole_howeverTheyAreHeld() {
    Replica replica = answering(200);
    send(replica, RequestBody.Kept.EMPTY);
    send(replica, new RequestBody.Held(List.of(bytes("ab"), bytes("cd")), 4));
    send(replica, new RequestBody.Streamed(pieces("ef", "gh"), 4));
    send(replica, new RequestBody.Streamed(pieces("ij", "kl"), -1));
    assertThat(local.asked()).extracting(Asked::body).containsExactly("", "abcd", "efgh", "ijkl");
    // The aggregator that the replica has puts a length in the place of chunks.
    assertThat(local.asked().getLast().headers().get("transfer-encoding")).isNull();
  }

  @Test
  void replicaThatLeaves_isNotTheAnswer_unlessTheBodyIsGone() {
    Replica replica = answering(503, HeaderNames.REPLICA_STATE, HeaderNames.DRAINING);
    assertFails(replica, KEPT, Reason.DRAINING);
    assertThat(answer.isBegun()).isFalse();
    send(replica, new RequestBody.Streamed(pieces("a"), 1));
    assertThat(answer.status()).isEqualTo(503);
  }

  @Test
  void replicaThatDoesNotKnowTheGateway_isNotTheAnswer() {
    assertFails(answering(401, HeaderNames.REPLICA_STATE, HeaderNames.CLOSED), KEPT, Reason.CLOSED);
    assertThat(answer.isBegun()).isFalse();
    send(answering(401), KEPT);
    assertThat(answer.status()).isEqualTo(401);
  }

  @ParameterizedTest
  @ValueSource(ints = {429, 503})
  void refusalForWantOfRoom_isTheAnswer_unlessItGoesElsewhere(int status) {
    Replica replica = answering(status);
    gate.goesElsewhere = true;
    assertFails(replica, KEPT, Reason.FULL);
    assertThat(answer.isBegun()).isFalse();
    send(replica, new RequestBody.Streamed(pieces("a"), 1));
    assertThat(answer.status()).isEqualTo(status);
    gate.goesElsewhere = false;
    assertThat(sent(replica, KEPT).thenReturn(true).block(BOUND)).isTrue();
  }

  @Test
  void answerThatComesSecond_isNotSent() {
    gate.claims = false;
    assertFails(answering(200), KEPT, Reason.LATE);
    assertThat(answer.isBegun()).isFalse();
  }

  @Test
  void closedPort_isARefusal_ofWhichNothingWentOut() {
    assertFails(local.ended("r"), KEPT, Reason.REFUSED);
  }

  @Test
  void poolThatIsFull_isSaturation() {
    local.close();
    local = new LocalReplicas(1, 1);
    Replica silent = local.start("r", asked -> {});
    List<Disposable> open = List.of(sent(silent, KEPT).subscribe(), sent(silent, KEPT).subscribe());
    local.settle();
    assertFails(silent, KEPT, Reason.SATURATED);
    open.forEach(Disposable::dispose);
  }

  @Test
  void connectionThatBreaks_isAReset_orStaleIfItWasUsedBefore() {
    Replica replica =
        local.start(
            "r",
            asked -> {
              if (local.asked().size() == 2) {
                asked.answers(200, "");
              } else {
                asked.breaksOff();
              }
            });
    assertFails(replica, KEPT, Reason.RESET);
    send(replica, KEPT);
    local.settle();
    assertFails(replica, KEPT, Reason.STALE);
    assertThat(local.asked()).hasSize(3);
  }

  @Test
  void answerThatBreaksOff_beforeItsFirstByte_leavesNothingBehind() {
    Replica replica =
        broken(asked -> asked.begins(200, 10, "", "X-Said", "yes", "Content-Type", "text/plain"));
    assertFails(replica, KEPT, Reason.CUT);
    assertThat(answer.isBegun()).isFalse();
    assertThat(answer.headers().headerNames()).containsExactly(HeaderNames.REQUEST_ID);
  }

  @Test
  void answerThatBreaksOff_afterItsFirstByte_cannotBeTakenBack() {
    Replica replica = broken(asked -> asked.begins(200, 10, "start"));
    assertThatThrownBy(() -> send(replica, KEPT)).isNotInstanceOf(ReplicaFailure.class);
    assertThat(answer.body()).isEqualTo("start");
    assertThat(answer.isComplete()).isFalse();
  }

  private Replica broken(Consumer<Asked> beginning) {
    return local.start(
        "r",
        asked -> {
          beginning.accept(asked);
          asked.breaksOff();
        });
  }

  @Test
  void clientThatFails_isNoFailureOfTheReplica() {
    IllegalStateException gone = new IllegalStateException("the client is gone");
    RequestBody body = new RequestBody.Streamed(pieces("a").concatWith(Flux.error(gone)), 2);
    assertThatThrownBy(() -> send(local.start("r", asked -> {}), body)).isSameAs(gone);
  }

  @ParameterizedTest
  @CsvSource({
    "/v2/models/m/infer/,,/v2/models/m/infer",
    "/v2/models/m/infer,a=%20b,/v2/models/m/infer?a=%20b"
  })
  void target_keepsItsEscapes_andEndsWithoutASlash(String path, String query, String expected) {
    Call asked = TestCalls.at(call, path, query);
    new HttpReplicaClient(local.pooled())
        .send(answering(200), asked, KEPT, Duration.ofMillis(700), gate)
        .block(BOUND);
    assertThat(local.asked().getFirst().uri()).isEqualTo(expected);
  }
}
