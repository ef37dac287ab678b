package io.onnxfleet.gateway.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.netflix.concurrency.limits.Limit;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.gateway.call.Call;
import io.onnxfleet.gateway.call.FakeAnswer;
import io.onnxfleet.gateway.call.TestCalls;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.security.Access;
import io.onnxfleet.gateway.security.TestAccess;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

class ModelAdmissionTest {

  private static final String MODEL = "m";
  private static final long MILLI = 1_000_000;
  private static final long SECOND = 1000 * MILLI;

  /** A limit that stays, and remembers what it was told. */
  private static final class FixedLimit implements Limit {

    private final int limit;
    private final List<Boolean> dropped = new ArrayList<>();

    FixedLimit(int limit) {
      this.limit = limit;
    }

    @Override
    public int getLimit() {
      return limit;
    }

    @Override
    public void notifyOnChange(Consumer<Integer> consumer) {
      // It never does.
    }

    @Override
    public void onSample(long startTime, long rtt, int inflight, boolean didDrop) {
      dropped.add(didDrop);
    }
  }

  private final ManualScheduler time = new ManualScheduler();
  private final FixedLimit limit = new FixedLimit(2);
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private ModelAdmission admission = admission(true);

  private ModelAdmission admission(boolean enabled) {
    return new ModelAdmission(
        new LimitProperties(
            enabled,
            Duration.ofMillis(200),
            8,
            2,
            1,
            5000,
            1,
            Duration.ofSeconds(1),
            1,
            "X-Caller"),
        () -> limit,
        new AdmissionMetrics(meters),
        time::now,
        time);
  }

  /** A call at the door of its model. */
  private final class Request {
    private final FakeAnswer answer = new FakeAnswer();
    private final Sinks.Empty<Void> work = Sinks.empty();
    private final boolean isTimed;
    private boolean isAdmitted;
    private boolean done;
    private @Nullable Throwable failure;
    private @Nullable Disposable subscription;

    Request(boolean isTimed) {
      this.isTimed = isTimed;
    }

    private Request applies(Call call) {
      subscription =
          admission
              .admit(
                  MODEL,
                  admission.applicationOf(call),
                  answer,
                  isTimed,
                  () -> {
                    isAdmitted = true;
                    return work.asMono();
                  })
              .subscribe(nothing -> {}, error -> failure = error, () -> done = true);
      return this;
    }

    private void begins(int status) {
      answer.status(status);
      answer.complete().subscribe();
    }

    private void ends() {
      work.tryEmitEmpty().orThrow();
    }

    private void leaves() {
      Objects.requireNonNull(subscription).dispose();
    }

    private ErrorCode code() {
      assertThat(failure).isInstanceOf(GatewayException.class);
      return ((GatewayException) Objects.requireNonNull(failure)).code();
    }

    private boolean isWaiting() {
      return !isAdmitted && failure == null;
    }
  }

  private Request applies() {
    return applies(true, Long.MAX_VALUE);
  }

  private Request applies(boolean isTimed, long deadlineNanos, String... headers) {
    Request request = new Request(isTimed);
    return request.applies(TestCalls.infer(MODEL, request.answer, deadlineNanos, headers));
  }

  private double gauge(String name) {
    return meters.get(name).gauge().value();
  }

  @Test
  void place_isFreeAgain_whenTheAnswerBegins_howeverSlowlyItIsRead() {
    Request first = applies();
    applies();
    Request third = applies();
    assertThat(third.isWaiting()).isTrue();
    assertThat(gauge(AdmissionMetrics.IN_FLIGHT)).isEqualTo(2);
    assertThat(gauge(AdmissionMetrics.WAITING)).isEqualTo(1);

    first.begins(200);

    assertThat(first.done).isFalse();
    assertThat(third.isAdmitted).isTrue();
    assertThat(gauge(AdmissionMetrics.IN_FLIGHT)).isEqualTo(2);
    first.ends();
    assertThat(first.done).isTrue();
    assertThat(gauge(AdmissionMetrics.IN_FLIGHT)).isEqualTo(2);
  }

  @Test
  void call_isRefused_whenPlacesAndQueueAreFull() {
    for (int i = 0; i < 4; i++) {
      assertThat(applies().failure).isNull();
    }
    Request fifth = applies();
    assertThat(fifth.code()).isEqualTo(ErrorCode.MODEL_OVERLOADED);
    assertThat(fifth.failure)
        .hasMessage("model 'm' has 2 requests under way and 2 waiting (expected: fewer)");
    assertThat(fifth.isAdmitted).isFalse();
  }

  @Test
  void hopelessCall_isRefused_beforeItsBodyIsRead() {
    Call call = TestCalls.infer(MODEL, new FakeAnswer(), Long.MAX_VALUE);
    admission.refuseIfHopeless(MODEL, admission.applicationOf(call));
    for (int i = 0; i < 3; i++) {
      applies();
    }
    admission.refuseIfHopeless(MODEL, admission.applicationOf(call));
    assertThat(admission.estimate(MODEL).isRefused()).isFalse();
    applies();
    assertThatExceptionOfType(GatewayException.class)
        .isThrownBy(() -> admission.refuseIfHopeless(MODEL, admission.applicationOf(call)))
        .satisfies(refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.MODEL_OVERLOADED));
    AdmissionEstimate estimate = admission.estimate(MODEL, admission.applicationOf(call));
    assertThat(estimate.isRefused()).isTrue();
    assertThat(estimate.ahead()).isEqualTo(4);
    assertThat(admission.estimate(MODEL).isRefused()).as("others may have a place yet").isFalse();
  }

  @Test
  void waitingCall_isRefused_whenItHasWaitedTooLong_andItsPlaceInTheQueueIsFree() {
    applies();
    applies();
    Request waiting = applies();
    time.advance(999 * MILLI);
    assertThat(waiting.isWaiting()).isTrue();
    time.advance(MILLI);
    assertThat(waiting.code()).isEqualTo(ErrorCode.MODEL_OVERLOADED);
    assertThat(waiting.failure).hasMessage("model 'm' had no place within 1000 ms");
    assertThat(gauge(AdmissionMetrics.WAITING)).isZero();
  }

  @Test
  void waitingCall_leavesTheQueue_whenItsClientLeaves() {
    Request first = applies();
    applies();
    Request second = applies();
    Request third = applies();
    second.leaves();
    first.begins(200);
    assertThat(second.isAdmitted).isFalse();
    assertThat(third.isAdmitted).isTrue();
  }

  @Test
  void place_isFreeAgain_whenTheWorkFails_orIsCancelled_orCannotBegin() {
    Request failing = applies();
    failing.work.tryEmitError(new IllegalStateException("failed")).orThrow();
    assertThat(failing.failure).hasMessage("failed");
    applies().leaves();
    Mono<Void> thrown =
        admission.admit(
            MODEL,
            admission.applicationOf(TestCalls.infer(MODEL, new FakeAnswer(), Long.MAX_VALUE)),
            new FakeAnswer(),
            true,
            () -> {
              throw new IllegalStateException("cannot begin");
            });
    List<Throwable> failures = new ArrayList<>();
    thrown.subscribe(nothing -> {}, failures::add);
    assertThat(failures).singleElement().isInstanceOf(IllegalStateException.class);
    assertThat(gauge(AdmissionMetrics.IN_FLIGHT)).isZero();
    assertThat(limit.dropped).isEmpty();
  }

  @Test
  void limit_learnsFromWhatReplicasDid_andFromNothingElse() {
    time.advance(SECOND);
    applies().begins(200);
    assertThat(limit.dropped).containsExactly(false);
    for (int status : new int[] {429, 503, 504}) {
      applies().begins(status);
    }
    assertThat(limit.dropped).containsExactly(false, true, true, true);
    applies().begins(400);
    applies().begins(500);
    Request slowClient = applies(false, Long.MAX_VALUE);
    slowClient.begins(200);
    assertThat(limit.dropped).hasSize(4);
    Request saturated = applies();
    saturated
        .work
        .tryEmitError(new GatewayException(ErrorCode.REPLICAS_SATURATED, "no connection"))
        .orThrow();
    assertThat(limit.dropped).hasSize(5).last().isEqualTo(true);
  }

  @Test
  void expiredCall_countsAsDropped_andOneThatIsCancelledBefore_asNothing() {
    Request early = applies(true, time.now() + 10 * SECOND);
    time.advance(SECOND);
    early.leaves();
    assertThat(limit.dropped).isEmpty();
    Request late = applies(true, time.now() + 10 * SECOND);
    time.advance(10 * SECOND);
    late.leaves();
    assertThat(limit.dropped).containsExactly(true);
  }

  @Test
  void everyCall_isAdmitted_whereLimitsAreOff() {
    admission = admission(false);
    for (int i = 0; i < 10; i++) {
      assertThat(applies().isAdmitted).isTrue();
    }
    assertThat(admission.estimate(MODEL)).isEqualTo(AdmissionEstimate.UNKNOWN);
  }

  @Test
  void models_areForgotten_onceTheFleetDoesNotKnowThem_andNothingIsUnderWay() {
    Request request = applies();
    Predicate<String> nothing = model -> false;
    admission.retain(nothing);
    assertThat(meters.find(AdmissionMetrics.LIMIT).gauge()).isNotNull();
    request.begins(200);
    admission.retain(nothing);
    assertThat(meters.find(AdmissionMetrics.LIMIT).gauge()).isNull();
  }

  @Test
  void priority_isGranted_asFarAsTheCallerMayHaveIt() {
    assertThat(priority(TestAccess.of("a"), "1")).isEqualTo(5);
    assertThat(priority(TestAccess.of("a"), "9")).isEqualTo(9);
    assertThat(priority(TestAccess.preferred("a"), "1")).isEqualTo(1);
    assertThat(admission.applicationOf(call(TestAccess.of("a"), "3")).caller()).isEqualTo("a");
    assertThatExceptionOfType(GatewayException.class)
        .isThrownBy(() -> priority(TestAccess.of("a"), "high"))
        .satisfies(refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.MALFORMED_REQUEST));
  }

  private int priority(Access access, String asked) {
    return admission.applicationOf(call(access, asked)).priority();
  }

  private static Call call(Access access, String priority) {
    Call call =
        TestCalls.infer(
            MODEL,
            new FakeAnswer(),
            Long.MAX_VALUE,
            HeaderNames.PRIORITY,
            priority,
            "X-Caller",
            "x");
    return new Call(
        call.asked(),
        call.head(),
        access,
        call.origin(),
        call.trace(),
        call.deadline(),
        call.body(),
        call.answer());
  }

  @Test
  void places_areNeverMoreThanTheLimit_andAllComeBack() {
    long seed = Long.getLong("test.seed", 29);
    System.out.println("seed: " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    List<Request> under = new ArrayList<>();
    for (int step = 0; step < 20_000; step++) {
      switch (random.nextInt(8)) {
        case 0, 1, 2 -> under.add(applies(random.nextBoolean(), time.now() + 5 * SECOND));
        case 3 -> time.advance(random.nextInt(100) * MILLI);
        default -> {
          if (under.isEmpty()) {
            continue;
          }
          Request request = under.get(random.nextInt(under.size()));
          if (!request.isAdmitted || random.nextInt(4) == 0) {
            request.leaves();
          } else if (request.answer.isBegun()) {
            request.ends();
          } else if (random.nextInt(4) == 0) {
            request.work.tryEmitError(new IllegalStateException("failed")).orThrow();
          } else {
            request.begins(random.nextInt(4) == 0 ? 503 : 200);
            continue;
          }
          under.remove(request);
        }
      }
      under.removeIf(request -> request.failure != null);
      long inFlight =
          under.stream().filter(each -> each.isAdmitted && !each.answer.isBegun()).count();
      long waiting = under.stream().filter(Request::isWaiting).count();
      assertThat(inFlight).isLessThanOrEqualTo(limit.limit);
      assertThat(waiting == 0 || inFlight == limit.limit).as("a place is left unused").isTrue();
      if (!meters.find(AdmissionMetrics.IN_FLIGHT).gauges().isEmpty()) {
        assertThat(gauge(AdmissionMetrics.IN_FLIGHT)).isEqualTo((double) inFlight);
        assertThat(gauge(AdmissionMetrics.WAITING)).isEqualTo((double) waiting);
      }
    }
    Collections.reverse(under);
    under.forEach(Request::leaves);
    assertThat(gauge(AdmissionMetrics.IN_FLIGHT)).isZero();
    assertThat(gauge(AdmissionMetrics.WAITING)).isZero();
  }
}
