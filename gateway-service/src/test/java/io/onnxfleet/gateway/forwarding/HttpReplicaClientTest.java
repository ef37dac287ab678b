package io.onnxfleet.gateway.forwarding;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaders;
import io.onnxfleet.contract.fleet.LoadReport;
import io.onnxfleet.gateway.body.RequestBody;
import io.onnxfleet.gateway.call.Answer;
import io.onnxfleet.gateway.call.Call;
import io.onnxfleet.gateway.call.FakeAnswer;
import io.onnxfleet.gateway.call.TestCalls;
import io.onnxfleet.gateway.client.TestConnections;
import io.onnxfleet.gateway.fleet.Replica;
import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Publisher;
import org.springframework.cloud.client.DefaultServiceInstance;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** What a try says to a replica, and what becomes of the answer, without a socket. */
class HttpReplicaClientTest {

  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
  private static final RequestBody BODY = new RequestBody.Kept("{}".getBytes(US_ASCII));

  private final TestConnections connections = new TestConnections();
  private final HttpReplicaClient client =
      new HttpReplicaClient(
          connections,
          (headers, method, authority, uri) ->
              headers.set("X-Signed", method + " " + authority + " " + uri));
  private final FakeAnswer answer = new FakeAnswer();
  private final Gate gate = new Gate();
  private final Replica replica =
      Replica.of(new DefaultServiceInstance("r", "inference-service", "::1", 81, false, Map.of()));

  /** Lets all through unless a test says otherwise. */
  private static final class Gate implements AnswerGate {
    private @Nullable LoadReport report;
    private boolean elsewhere;
    private boolean claimed = true;

    @Override
    public void reported(LoadReport told) {
      report = told;
    }

    @Override
    public boolean goesElsewhere(int status) {
      return elsewhere;
    }

    @Override
    public boolean claims(int status) {
      return claimed;
    }
  }

  /** What the caller of a try hears. */
  private static final class Outcome extends BaseSubscriber<Void> {
    private boolean succeeded;
    private @Nullable Throwable failure;

    @Override
    protected void hookOnComplete() {
      succeeded = true;
    }

    @Override
    protected void hookOnError(Throwable error) {
      failure = error;
    }

    private ReplicaFailure.Reason reason() {
      assertThat(failure).isInstanceOf(ReplicaFailure.class);
      return ((ReplicaFailure) failure).reason();
    }
  }

  private Outcome send(RequestBody body, Answer to, String... headers) {
    Call call = TestCalls.infer("m", to, Long.MAX_VALUE, headers);
    Outcome outcome = new Outcome();
    client.send(replica, call, body, Duration.ofSeconds(5), gate).subscribe(outcome);
    return outcome;
  }

  private Outcome send() {
    return send(BODY, answer);
  }

  private static String sized(String body) {
    return OK + "Content-Length: " + body.length() + "\r\n\r\n" + body;
  }

  @Test
  void request_carriesHeadersBodyAndWhatTheGatewayAdds() {
    send(BODY, answer, "X-Own", "1", "Authorization", "Bearer secret", "Connection", "close");

    assertThat(connections.sent())
        .startsWith("POST /v2/models/m/infer HTTP/1.1\r\n")
        .containsIgnoringCase("\r\nhost: [::1]:81\r\n")
        .contains("X-Own: 1", "X-Signed: POST [::1]:81 /v2/models/m/infer")
        .containsIgnoringCase("content-length: 2")
        .containsIgnoringCase("inference-deadline-ms: 5000")
        .containsIgnoringCase("x-request-id: request")
        .doesNotContain("secret")
        .doesNotContainIgnoringCase("connection: close")
        .endsWith("\r\n\r\n{}");
  }

  @Test
  void answer_goesToTheClient_andTheConnectionToTheNextCall() {
    Outcome first = send();
    connections.hear(sized("{\"a\":1}"));

    assertThat(first.succeeded).isTrue();
    assertThat(answer.body()).isEqualTo("{\"a\":1}");
    assertThat(answer.headers().getFirst("Content-Type")).isEqualTo("application/json");
    assertThat(connections.free()).isOne();

    FakeAnswer next = new FakeAnswer();
    Outcome second = send(BODY, next);
    connections.hear(sized("{\"b\":2}"));

    assertThat(second.succeeded).isTrue();
    assertThat(next.body()).isEqualTo("{\"b\":2}");
    assertThat(connections.opened()).isOne();
  }

  @Test
  void answer_thatSaysItIsTheLast_endsTheConnection() {
    Outcome outcome = send();
    connections.hear(OK + "Connection: close\r\nContent-Length: 2\r\n\r\n{}");

    assertThat(outcome.succeeded).isTrue();
    assertThat(connections.free()).isZero();
    assertThat(connections.channel().isOpen()).isFalse();
  }

  @Test
  void answer_withoutABody_isAnswered() {
    Outcome outcome = send();
    connections.hear("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");

    assertThat(outcome.succeeded).isTrue();
    assertThat(answer.status()).isEqualTo(404);
    assertThat(answer.isComplete()).isTrue();
  }

  @Test
  void answer_thatComesInPieces_goesOnAsItComes() {
    Outcome outcome = send();
    connections.hear(OK + "Content-Length: 6\r\n\r\n");
    assertThat(answer.isBegun()).isFalse();

    connections.hear("abc");
    assertThat(answer.body()).isEqualTo("abc");
    assertThat(outcome.succeeded).isFalse();

    connections.hear("def");
    assertThat(answer.body()).isEqualTo("abcdef");
    assertThat(outcome.succeeded).isTrue();
    assertThat(connections.free()).isOne();
  }

  @Test
  void answerBeforeTheAnswer_isPassedOver() {
    Outcome outcome = send();
    connections.hear("HTTP/1.1 100 Continue\r\n\r\n" + sized("{}"));

    assertThat(outcome.succeeded).isTrue();
    assertThat(answer.status()).isEqualTo(200);
  }

  @Test
  void load_isReported_alongWithTheAnswer() {
    send();
    connections.hear(
        OK
            + "Endpoint-Load-Metrics: "
            + new LoadReport(3, 0, 0.5, 0.1).asText()
            + "\r\nContent-Length: 0\r\n\r\n");

    assertThat(gate.report).isNotNull().extracting(LoadReport::inFlight).isEqualTo(3);
    assertThat(answer.headers().getFirst("Endpoint-Load-Metrics")).isNull();
  }

  @Test
  void clientThatReadsSlowly_stopsTheReading() {
    BaseSubscriber<ByteBuf> slow =
        new BaseSubscriber<>() {
          @Override
          protected void hookOnSubscribe(org.reactivestreams.Subscription subscription) {
            // Asks for nothing by itself.
          }

          @Override
          protected void hookOnNext(ByteBuf piece) {
            piece.release();
          }
        };
    Answer unread =
        new SlowAnswer(answer) {
          @Override
          public Mono<Void> write(Publisher<? extends ByteBuf> pieces) {
            pieces.subscribe(slow);
            return Mono.never();
          }
        };
    send(BODY, unread);
    connections.hear(OK + "Content-Length: 1000\r\n\r\n");
    for (int i = 0; i < 10; i++) {
      connections.hear("0123456789");
    }
    assertThat(connections.channel().config().isAutoRead()).isFalse();

    slow.request(10);
    assertThat(connections.channel().config().isAutoRead()).isTrue();
  }

  @Test
  void breakBeforeAnAnswer_isAReset() {
    Outcome outcome = send();
    connections.breakOff();

    assertThat(outcome.reason()).isEqualTo(ReplicaFailure.Reason.RESET);
  }

  @Test
  void breakBeforeAnAnswer_onAUsedConnection_isStale() {
    send();
    connections.hear(sized("{}"));
    Outcome second = send(BODY, new FakeAnswer());
    connections.breakOff();

    assertThat(second.reason()).isEqualTo(ReplicaFailure.Reason.STALE);
  }

  @Test
  void connectionThatClosedWhenItWasLent_isStale() {
    send();
    connections.hear(sized("{}"));
    connections.breakOff();
    Outcome second = send(BODY, new FakeAnswer());

    assertThat(second.reason()).isEqualTo(ReplicaFailure.Reason.STALE);
  }

  @Test
  void whatIsNoHttp_isAReset() {
    Outcome outcome = send();
    connections.hear("garbage\r\n\r\n");

    assertThat(outcome.reason()).isEqualTo(ReplicaFailure.Reason.RESET);
    assertThat(connections.channel().isOpen()).isFalse();
  }

  @Test
  void breakAfterTheHead_isACut_andTheHeadersAreTakenBack() {
    answer.headers().set("Access-Control-Allow-Origin", "*");
    Outcome outcome = send();
    connections.hear(OK + "Content-Length: 5\r\n\r\n");
    connections.breakOff();

    assertThat(outcome.reason()).isEqualTo(ReplicaFailure.Reason.CUT);
    assertThat(answer.headers().getFirst("Content-Type")).isNull();
    assertThat(answer.headers().getFirst("Access-Control-Allow-Origin")).isEqualTo("*");
    assertThat(answer.isBegun()).isFalse();
  }

  @Test
  void breakWithinABody_failsWhatTheClientHasBegunToHear() {
    Outcome outcome = send();
    connections.hear(OK + "Content-Length: 5\r\n\r\nab");
    connections.breakOff();

    assertThat(outcome.failure).isNotNull().isNotInstanceOf(ReplicaFailure.class);
    assertThat(answer.body()).isEqualTo("ab");
    assertThat(answer.isComplete()).isFalse();
  }

  @Test
  void replicaThatDrains_isTold() {
    Outcome outcome = send();
    connections.hear(
        "HTTP/1.1 503 Unavailable\r\nInference-Replica-State: draining\r\nContent-Length: 0\r\n\r\n");

    assertThat(outcome.reason()).isEqualTo(ReplicaFailure.Reason.DRAINING);
  }

  @Test
  void replicaThatIsClosedToTheGateway_isTold() {
    Outcome outcome = send();
    connections.hear(
        "HTTP/1.1 401 Unauthorized\r\nInference-Replica-State: closed\r\nContent-Length: 0\r\n\r\n");

    assertThat(outcome.reason()).isEqualTo(ReplicaFailure.Reason.CLOSED);
  }

  @Test
  void refusalForWantOfRoom_goesElsewhere_ifItMay() {
    gate.elsewhere = true;
    Outcome outcome = send();
    connections.hear("HTTP/1.1 429 Too Many\r\nContent-Length: 4\r\n\r\nfull");
    assertThat(outcome.reason()).isEqualTo(ReplicaFailure.Reason.FULL);

    gate.elsewhere = false;
    Outcome told = send();
    connections.hear("HTTP/1.1 429 Too Many\r\nContent-Length: 4\r\n\r\nfull");
    assertThat(told.succeeded).isTrue();
    assertThat(answer.status()).isEqualTo(429);
  }

  @Test
  void answerThatIsNotTheFirst_isLate_andItsConnectionIsClosed() {
    gate.claimed = false;
    Outcome outcome = send();
    connections.hear(sized("{}"));

    assertThat(outcome.reason()).isEqualTo(ReplicaFailure.Reason.LATE);
    assertThat(answer.isBegun()).isFalse();
    assertThat(connections.channel().isOpen()).isFalse();
  }

  @Test
  void noConnection_isRefusedOrSaturated() {
    connections.refuse(new ConnectException("no"));
    assertThat(send().reason()).isEqualTo(ReplicaFailure.Reason.REFUSED);

    connections.fill();
    assertThat(send().reason()).isEqualTo(ReplicaFailure.Reason.SATURATED);
  }

  @Test
  void heldBody_isSentInItsPieces() {
    send(
        new RequestBody.Held(List.of("ab".getBytes(US_ASCII), "cd".getBytes(US_ASCII)), 4), answer);

    assertThat(connections.sent())
        .containsIgnoringCase("content-length: 4")
        .endsWith("\r\n\r\nabcd");
  }

  private static final NettyDataBufferFactory BUFFERS =
      new NettyDataBufferFactory(PooledByteBufAllocator.DEFAULT);

  /** A client's body as a test brings it. */
  private static final class Body {
    private final Sinks.Many<DataBuffer> content = Sinks.many().unicast().onBackpressureBuffer();
    private long requested;
    private boolean cancelled;

    Flux<DataBuffer> flux() {
      return content
          .asFlux()
          .doOnRequest(more -> requested += more)
          .doOnCancel(() -> cancelled = true);
    }

    void next(DataBuffer piece) {
      content.tryEmitNext(piece).orThrow();
    }

    void complete() {
      content.tryEmitComplete().orThrow();
    }

    void error(Throwable failure) {
      content.tryEmitError(failure).orThrow();
    }
  }

  private static DataBuffer piece(String text) {
    return BUFFERS.wrap(Unpooled.copiedBuffer(text, US_ASCII));
  }

  @Test
  void streamedBody_isSentAsItComes_andNotFasterThanItIsRead() {
    Body body = new Body();
    Outcome outcome = send(new RequestBody.Streamed(body.flux(), -1), answer);
    body.next(piece("ab"));
    assertThat(connections.sent())
        .containsIgnoringCase("transfer-encoding: chunked")
        .endsWith("2\r\nab\r\n");
    assertThat(body.requested).isEqualTo(2);

    connections.blocked(true);
    body.next(piece("cd"));
    assertThat(body.requested).isEqualTo(2);
    connections.blocked(false);
    assertThat(body.requested).isEqualTo(3);

    body.complete();
    assertThat(connections.sent()).isEqualTo("2\r\ncd\r\n0\r\n\r\n");
    connections.hear(sized("{}"));
    assertThat(outcome.succeeded).isTrue();
    assertThat(connections.free()).isOne();
  }

  @Test
  void answerBeforeTheWholeBody_endsBodyAndConnection() {
    Body body = new Body();
    Outcome outcome = send(new RequestBody.Streamed(body.flux(), 100), answer);
    body.next(piece("ab"));
    connections.hear("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");

    assertThat(outcome.succeeded).isTrue();
    assertThat(answer.status()).isEqualTo(413);
    assertThat(body.cancelled).isTrue();
    assertThat(connections.channel().isOpen()).isFalse();
    assertThat(connections.free()).isZero();
  }

  @Test
  void bodyThatBreaks_isTheClientsFailure() {
    Body body = new Body();
    Outcome outcome = send(new RequestBody.Streamed(body.flux(), 100), answer);
    IllegalStateException broken = new IllegalStateException("the client left");
    body.error(broken);

    assertThat(outcome.failure).isSameAs(broken);
    assertThat(connections.channel().isOpen()).isFalse();
  }

  @Test
  void leaving_closesTheConnection_andLetsGoOfWhatCame() {
    Body body = new Body();
    Outcome outcome = send(new RequestBody.Streamed(body.flux(), 100), answer);
    outcome.cancel();

    assertThat(body.cancelled).isTrue();
    assertThat(connections.channel().isOpen()).isFalse();
    assertThat(outcome.failure).isNull();
  }

  @Test
  void leavingAfterTheEnd_leavesTheConnectionToTheNextCall() {
    Answer unsent = new SlowAnswer(answer);
    Outcome first = send(BODY, unsent);
    connections.hear(sized("{}"));
    FakeAnswer next = new FakeAnswer();
    Outcome second = send(BODY, next);
    first.cancel();
    connections.hear(sized("{}"));

    assertThat(second.succeeded).isTrue();
    assertThat(connections.opened()).isOne();
  }

  @Test
  void answerThatCannotBeSent_failsTheCall() {
    IllegalStateException unanswerable = new IllegalStateException("no");
    Outcome outcome =
        send(
            BODY,
            new SlowAnswer(answer) {
              @Override
              public Mono<Void> write(Publisher<? extends ByteBuf> pieces) {
                throw unanswerable;
              }
            });
    connections.hear(sized("{}"));

    assertThat(outcome.failure).isSameAs(unanswerable);
  }

  /** Whatever nobody took is given back to its allocator. */
  @Test
  void pieces_areLetGo_whoeverLeaves() {
    List<ByteBuf> fed = new ArrayList<>();
    Outcome outcome = send(BODY, new SlowAnswer(answer));
    connections.hear(OK + "Content-Length: 100\r\n\r\n");
    for (int i = 0; i < 5; i++) {
      ByteBuf piece = PooledByteBufAllocator.DEFAULT.buffer().writeBytes(new byte[10]);
      fed.add(piece);
      connections.channel().writeInbound(piece);
    }
    outcome.cancel();

    assertThat(fed).allSatisfy(piece -> assertThat(piece.refCnt()).isZero());
  }

  /** An answer whose body nobody asks for. */
  private static class SlowAnswer implements Answer {
    private final Answer shown;

    SlowAnswer(Answer shown) {
      this.shown = shown;
    }

    @Override
    public void status(int status) {
      shown.status(status);
    }

    @Override
    public int status() {
      return shown.status();
    }

    @Override
    public org.springframework.http.HttpHeaders headers() {
      return shown.headers();
    }

    @Override
    public HttpHeaders sent() {
      return shown.sent();
    }

    @Override
    public void onBegin(Runnable hook) {
      shown.onBegin(hook);
    }

    @Override
    public boolean isBegun() {
      return false;
    }

    @Override
    public Mono<Void> write(Publisher<? extends ByteBuf> pieces) {
      return Mono.never();
    }

    @Override
    public Mono<Void> complete() {
      return Mono.never();
    }
  }
}
