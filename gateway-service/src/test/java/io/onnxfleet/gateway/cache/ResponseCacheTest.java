package io.onnxfleet.gateway.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.buffer.Unpooled;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.gateway.call.Call;
import io.onnxfleet.gateway.call.FakeAnswer;
import io.onnxfleet.gateway.call.TestCalls;
import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.ModelReference;
import io.onnxfleet.gateway.fleet.OneReplica;
import io.onnxfleet.gateway.fleet.Replica;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.util.unit.DataSize;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

class ResponseCacheTest {

  private static final ModelReference MODEL = new ModelReference("kept", null);
  private static final Duration LIVES = Duration.ofMinutes(10);
  private static final String CONTENT = "aaaaaaaaaaaa";

  private final AtomicLong clock = new AtomicLong();
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private Fleet fleet = serving("1", CONTENT);
  private final ResponseCache cache =
      new ResponseCache(
          new CacheProperties(
              List.of("kept*"),
              DataSize.ofMegabytes(1),
              DataSize.ofBytes(100),
              LIVES,
              Duration.ofMinutes(1)),
          () -> fleet,
          new CacheMetrics(meters),
          clock::get);

  /** What came to the replica, in its order; each answers when a test says so. */
  private final List<Work> works = new ArrayList<>();

  private static Fleet serving(String version, String content) {
    return OneReplica.with(
        Map.of(
            "models-ready",
            "kept:" + version,
            "models-contents",
            "kept/" + version + "@" + content));
  }

  private static final class Work {
    private final Call call;
    private final Sinks.Empty<Void> end = Sinks.empty();
    private boolean cancelled;

    Work(Call call) {
      this.call = call;
    }

    void answers(int status, String body) {
      answers(status, body, CONTENT);
    }

    void answers(int status, String body, String content) {
      call.answer().status(status);
      call.answer().headers().set(HeaderNames.CONTENT, content);
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      call.answer().headers().setContentLength(bytes.length);
      call.answer().write(Mono.just(Unpooled.wrappedBuffer(bytes))).subscribe();
      end.tryEmitEmpty().orThrow();
    }

    void fails() {
      end.tryEmitError(new IllegalStateException("the replica failed")).orThrow();
    }
  }

  private static final class Client {
    private final FakeAnswer answer = new FakeAnswer();
    private boolean done;
    private @Nullable Throwable failure;
    private @Nullable Disposable subscription;

    private void leaves() {
      Objects.requireNonNull(subscription).dispose();
    }

    private String told() {
      assertThat(done).as("not answered, or failed: %s", failure).isTrue();
      return answer.body();
    }

    private @Nullable String header(String name) {
      return answer.headers().getFirst(name);
    }
  }

  private Client asks(String body, String... headers) {
    Client client = new Client();
    return asks(
        client,
        TestCalls.infer(MODEL.name(), client.answer, Long.MAX_VALUE, headers),
        body.getBytes(StandardCharsets.UTF_8));
  }

  private Client queries(String body, String... headers) {
    Client client = new Client();
    return asks(
        client,
        TestCalls.query(MODEL.name(), client.answer, headers),
        body.getBytes(StandardCharsets.UTF_8));
  }

  private Client asks(Client client, Call call, byte @Nullable [] body) {
    client.subscription =
        cache
            .answer(call, MODEL, "infer", body, this::work)
            .subscribe(
                nothing -> {}, failure -> client.failure = failure, () -> client.done = true);
    return client;
  }

  private Mono<Void> work(Call call) {
    return Mono.defer(
        () -> {
          Work work = new Work(call);
          works.add(work);
          return work.end.asMono().doOnCancel(() -> work.cancelled = true);
        });
  }

  private double met(String result) {
    return meters.find(CacheMetrics.REQUESTS).tag("result", result).counters().stream()
        .mapToDouble(counter -> counter.count())
        .sum();
  }

  @Test
  void covers_onlyWhatIsConfigured() {
    assertThat(cache.covers("kept")).isTrue();
    assertThat(cache.covers("kept-too")).isTrue();
    assertThat(cache.covers("other")).isFalse();
  }

  @Test
  void equalCall_isAnsweredWithoutAReplica_andTellsTheAge() {
    Client first = asks("{\"a\": 1}");
    works.getFirst().answers(200, "answer");
    assertThat(first.told()).isEqualTo("answer");
    assertThat(first.header("Cache-Status")).isEqualTo("onnx-fleet; fwd=miss");
    clock.addAndGet(Duration.ofSeconds(7).toNanos());

    Client second = asks("{\"a\":1}");

    assertThat(second.told()).isEqualTo("answer");
    assertThat(works).hasSize(1);
    assertThat(second.header("Age")).isEqualTo("7");
    assertThat(second.header("Cache-Status")).isEqualTo("onnx-fleet; hit");
    assertThat(second.header("Cache-Control")).isEqualTo("public, max-age=60");
    assertThat(second.header("ETag")).isEqualTo(first.header("ETag")).isNotNull();
    assertThat(met("hit")).isEqualTo(1);
    assertThat(meters.get(CacheMetrics.HIT_BYTES).counter().count()).isEqualTo(6);
  }

  @Test
  void otherBody_orWhatItIsIn_isAnotherCall() {
    asks("{\"a\":1}");
    works.getLast().answers(200, "one");
    asks("{\"a\":2}");
    works.getLast().answers(200, "two");
    asks("{\"a\":1}", "Accept", "text/plain");
    works.getLast().answers(200, "three");
    asks("{\"a\":1}", "Content-Encoding", "gzip");
    works.getLast().answers(200, "four");
    asks("{\"a\":1}", HeaderNames.HEADER_LENGTH, "7");
    works.getLast().answers(200, "five");
    assertThat(works).hasSize(5);
    assertThat(asks("{\"a\":1}").told()).isEqualTo("one");
    assertThat(works).hasSize(5);
  }

  @Test
  void answer_isAskedForAgain_onceItsTimeIsOver() {
    asks("x");
    works.getLast().answers(200, "old");
    clock.addAndGet(LIVES.toNanos());
    Client later = asks("x");
    works.getLast().answers(200, "new");
    assertThat(later.told()).isEqualTo("new");
  }

  @Test
  void onlyWholeAnswersOf200_thatAreSmallEnough_areKept() {
    asks("x");
    works.getLast().answers(400, "refused");
    asks("x");
    works.getLast().answers(200, "-".repeat(101));
    asks("x");
    works.getLast().fails();
    asks("x");
    works.getLast().answers(200, "good");
    assertThat(works).hasSize(4);
    assertThat(asks("x").told()).isEqualTo("good");
  }

  @Test
  void answerOfAnotherContent_isPassedOn_andNotKept() {
    Client client = asks("x");
    works.getLast().answers(200, "of a newer one", "bbbbbbbbbbbb");
    assertThat(client.told()).isEqualTo("of a newer one");
    assertThat(client.header("Cache-Status")).isNull();
    asks("x");
    assertThat(works).hasSize(2);
  }

  @Test
  void noStore_goesPastTheCache_andNoCache_renewsIt() {
    asks("x");
    works.getLast().answers(200, "first");

    asks("x", "Cache-Control", "max-age=5, no-store");
    works.getLast().answers(200, "unkept");
    assertThat(asks("x").told()).isEqualTo("first");
    for (String[] wish :
        new String[][] {
          {"Cache-Control", "no-cache"}, {"Cache-Control", "max-age=0"}, {"Pragma", "no-cache"}
        }) {
      asks("x", wish);
      works.getLast().answers(200, "renewed by " + wish[1]);
      assertThat(asks("x").told()).isEqualTo("renewed by " + wish[1]);
    }
    assertThat(met("bypassed")).isEqualTo(1);
  }

  @Test
  void unreadBody_andModelThatIsNotCovered_goPast() {
    Client client = new Client();
    asks(client, TestCalls.infer(MODEL.name(), client.answer, Long.MAX_VALUE), null);
    works.getLast().answers(200, "unread");
    assertThat(client.header("ETag")).isNull();

    Client other = new Client();
    cache
        .answer(
            TestCalls.infer("other", other.answer, Long.MAX_VALUE),
            new ModelReference("other", null),
            "infer",
            new byte[0],
            this::work)
        .subscribe();
    assertThat(works.getLast().call.answer()).isSameAs(other.answer);
  }

  @Test
  void clientThatHasTheAnswer_isToldSo_ifItAskedWithGet() {
    Client first = queries("x");
    works.getLast().answers(200, "answer");
    String tag = Objects.requireNonNull(first.header("ETag"));

    Client again = queries("x", "If-None-Match", "\"other\", " + tag);
    assertThat(again.answer.status()).isEqualTo(304);
    assertThat(again.told()).isEmpty();
    String strong = tag.substring("W/".length());
    assertThat(queries("x", "If-None-Match", strong).answer.status()).isEqualTo(304);
    assertThat(queries("x", "If-None-Match", "*").answer.status()).isEqualTo(304);
    assertThat(queries("x", "If-None-Match", "\"other\"").told()).isEqualTo("answer");
    assertThat(asks("x", "If-None-Match", tag).told()).isEqualTo("answer");
    assertThat(met("not_modified")).isEqualTo(3);
  }

  /** The URL of a family's query does not tell which variant answers: proxies must look further. */
  @Test
  void answerToAQuery_saysWhichHeadersChoseIt() {
    Client first = queries("x");
    works.getLast().call.answer().headers().add("Vary", "Accept-Encoding");
    works.getLast().answers(200, "answer");
    Client again = queries("x");
    Client known = queries("x", "If-None-Match", Objects.requireNonNull(first.header("ETag")));

    for (Client each : List.of(first, again)) {
      assertThat(each.answer.headers().getVary())
          .containsExactly(
              "Accept-Encoding", "Inference-Latency-Budget-Ms", "Inference-Min-Quality");
    }
    assertThat(known.answer.headers().getVary())
        .containsExactly("Inference-Latency-Budget-Ms", "Inference-Min-Quality");
    assertThat(asks("y").answer.headers().getVary()).isEmpty();
  }

  @Test
  void equalCallsAtOnce_shareOneAnswer() {
    Client first = asks("x");
    Client second = asks("x");
    assertThat(works).hasSize(1);
    works.getLast().answers(200, "shared");
    assertThat(first.told()).isEqualTo("shared");
    assertThat(second.told()).isEqualTo("shared");
    assertThat(met("joined")).isEqualTo(1);
  }

  @Test
  void waitingCall_goesItself_whenTheFirstClientLeaves() {
    Client first = asks("x");
    Client second = asks("x");
    Client third = asks("x");
    first.leaves();
    assertThat(works).hasSize(2);
    assertThat(works.getFirst().cancelled).isTrue();
    works.getLast().answers(200, "of the second");
    assertThat(second.told()).isEqualTo("of the second");
    assertThat(third.told()).isEqualTo("of the second");
  }

  @Test
  void waitingCalls_goEachByThemselves_whenTheFirstFails() {
    Client first = asks("x");
    Client second = asks("x");
    Client third = asks("x");
    works.getFirst().fails();
    assertThat(first.failure).hasMessage("the replica failed");
    assertThat(works).hasSize(3);
    works.get(1).answers(200, "one");
    works.get(2).answers(200, "two");
    assertThat(second.told()).isEqualTo("one");
    assertThat(third.told()).isEqualTo("two");
  }

  @Test
  void nobodyWaitsForEver_whenTheWorkCannotEvenBegin() {
    Client client = new Client();
    Call call = TestCalls.infer(MODEL.name(), client.answer, Long.MAX_VALUE);
    assertThatThrownBy(
            () ->
                cache.answer(
                    call,
                    MODEL,
                    "infer",
                    new byte[] {1},
                    nobody -> {
                      throw new IllegalStateException("refused");
                    }))
        .hasMessage("refused");
    asks(client, call, new byte[] {1});
    works.getLast().answers(200, "answer");
    assertThat(client.told()).isEqualTo("answer");
  }

  @Test
  void changeOfTheModel_dropsItsAnswers_evenIfItIsTakenBack() {
    Fleet before = fleet;
    asks("x");
    works.getLast().answers(200, "old");
    fleet = serving("2", "bbbbbbbbbbbb");
    cache.changed(fleet);
    asks("x");
    works.getLast().answers(200, "new", "bbbbbbbbbbbb");
    fleet = before;
    cache.changed(fleet);
    Client third = asks("x");
    assertThat(works).hasSize(3);
    works.getLast().answers(200, "old again");
    assertThat(third.told()).isEqualTo("old again");
  }

  @Test
  void nothingIsKept_whileReplicasDiffer() {
    asks("x");
    works.getLast().answers(200, "kept");
    Replica one = fleet.registered().getFirst();
    Replica other = serving("2", "bbbbbbbbbbbb").registered().getFirst();
    fleet = new Fleet(List.of(one, other), List.of());
    cache.changed(fleet);
    asks("x");
    works.getLast().answers(200, "of one of them");
    asks("x");
    assertThat(works).hasSize(3);
    assertThat(met("bypassed")).isEqualTo(2);
  }
}
