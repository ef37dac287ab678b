package io.onnxfleet.gateway.admission;

import static org.assertj.core.api.Assertions.assertThat;

import com.netflix.concurrency.limits.limit.SettableLimit;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ModelLimiterTest {

  private final AtomicLong now = new AtomicLong(1_000_000_000L);

  private static final class Recorder implements ModelLimiter.Waiter {
    ModelLimiter.@Nullable Permit permit;
    ModelLimiter.@Nullable Refusal refusal;
    int told;

    @Override
    public void admitted(ModelLimiter.Permit given) {
      permit = given;
      told++;
    }

    @Override
    public void refused(ModelLimiter.Refusal given) {
      refusal = given;
      told++;
    }
  }

  private ModelLimiter limiter(int limit, double queueShare, double callerShare) {
    return new ModelLimiter(
        SettableLimit.startingAt(limit), properties(queueShare, callerShare), now::get);
  }

  private static LimitProperties properties(double queueShare, double callerShare) {
    return new LimitProperties(
        true,
        Duration.ofMillis(200),
        8,
        64,
        1,
        5000,
        queueShare,
        Duration.ofSeconds(1),
        callerShare,
        "");
  }

  private static ModelLimiter.Permit admitted(ModelLimiter limiter, String caller) {
    return (ModelLimiter.Permit) limiter.apply(applicant(caller, 5), new Recorder());
  }

  /** Without a deadline. */
  private static Applicant applicant(String caller, int priority) {
    return new Applicant(caller, priority, Long.MAX_VALUE);
  }

  private static Recorder waiting(ModelLimiter limiter, String caller, int priority) {
    Recorder recorder = new Recorder();
    assertThat(limiter.apply(applicant(caller, priority), recorder))
        .isInstanceOf(ModelLimiter.Ticket.class);
    return recorder;
  }

  @Test
  void apply_refuses_whenPlacesAndQueueAreFull() {
    ModelLimiter limiter = limiter(2, 0.5, 1);
    admitted(limiter, "a");
    admitted(limiter, "a");
    Recorder waiter = waiting(limiter, "a", 5);

    assertThat(limiter.refusal(applicant("a", 5))).isNotNull();
    assertThat(limiter.apply(applicant("a", 5), new Recorder()))
        .isInstanceOfSatisfying(
            ModelLimiter.Refusal.class,
            refusal -> {
              assertThat(refusal.inFlight()).isEqualTo(2);
              assertThat(refusal.waiting()).isEqualTo(1);
            });
    assertThat(waiter.told).isZero();
  }

  @Test
  void end_admitsTheHighestPriority_thenTheCallerWithFewest_thenTheOldest() {
    ModelLimiter limiter = limiter(2, 10, 1);
    ModelLimiter.Permit first = admitted(limiter, "greedy");
    ModelLimiter.Permit second = admitted(limiter, "greedy");
    Recorder low = waiting(limiter, "modest", 6);
    Recorder greedy = waiting(limiter, "greedy", 5);
    Recorder modest = waiting(limiter, "modest", 5);
    Recorder high = waiting(limiter, "greedy", 1);

    first.end(PermitOutcome.ANSWERED);
    assertThat(high.permit).isNotNull();
    first.end(PermitOutcome.ANSWERED);
    assertThat(modest.told).as("ending twice frees one place").isZero();
    second.end(PermitOutcome.ANSWERED);
    assertThat(modest.permit).isNotNull();
    assertThat(greedy.told + low.told).isZero();
  }

  @Test
  void apply_displacesTheGreediestCaller_whenTheQueueIsFull() {
    ModelLimiter limiter = limiter(2, 1, 1);
    admitted(limiter, "greedy");
    admitted(limiter, "greedy");
    Recorder older = waiting(limiter, "greedy", 5);
    Recorder younger = waiting(limiter, "greedy", 5);

    Recorder modest = waiting(limiter, "modest", 5);

    assertThat(younger.refusal).isNotNull();
    assertThat(older.told + modest.told).isZero();
    assertThat(limiter.waiting()).isEqualTo(2);
  }

  @Test
  void apply_displacesLowerPriority_andNeverHigher() {
    ModelLimiter limiter = limiter(1, 1, 1);
    admitted(limiter, "a");
    Recorder low = waiting(limiter, "a", 9);

    Recorder high = waiting(limiter, "a", 1);

    assertThat(low.refusal).isNotNull();
    assertThat(limiter.apply(applicant("b", 2), new Recorder()))
        .isInstanceOf(ModelLimiter.Refusal.class);
    assertThat(high.told).isZero();
  }

  @Test
  void apply_queuesACallerAboveItsShare_andAdmitsOthers() {
    ModelLimiter limiter = limiter(4, 1, 0.5);
    ModelLimiter.Permit own = admitted(limiter, "a");
    admitted(limiter, "a");
    Recorder third = waiting(limiter, "a", 5);

    ModelLimiter.Permit other = admitted(limiter, "b");
    other.end(PermitOutcome.ANSWERED);
    assertThat(third.told).isZero();
    own.end(PermitOutcome.ANSWERED);
    assertThat(third.permit).isNotNull();
  }

  @Test
  void refusal_saysWhenByTheDrainRate() {
    ModelLimiter limiter = limiter(10, 0, 1);
    for (int i = 0; i < 200; i++) {
      now.addAndGet(100_000_000);
      admitted(limiter, "a").end(PermitOutcome.IGNORED);
    }
    for (int i = 0; i < 10; i++) {
      admitted(limiter, "a");
    }
    ModelLimiter.Refusal last = null;
    for (int i = 0; i < 45; i++) {
      last = limiter.refusal(applicant("a", 5));
    }

    // 10 places a second became free, 45 come back: a little less than 5 s.
    assertThat(last).isNotNull();
    assertThat(last.retryAfterSeconds()).isEqualTo(5);
  }

  @Test
  void permitGivenToAnAbandonedTicket_isFree() {
    ModelLimiter limiter = limiter(1, 1, 1);
    ModelLimiter.Permit permit = admitted(limiter, "a");
    Recorder recorder = new Recorder();
    ModelLimiter.Ticket ticket = (ModelLimiter.Ticket) limiter.apply(applicant("b", 5), recorder);
    permit.end(PermitOutcome.ANSWERED);
    assertThat(recorder.permit).isNotNull();

    ticket.abandon();

    assertThat(limiter.inFlight()).isZero();
    assertThat(limiter.callers()).isZero();
  }

  @Test
  void randomOperations_loseNoPlaceAndForgetIdleCallers() {
    long seed = Long.getLong("test.seed", 7);
    Random random = new Random(seed);
    SettableLimit limit = SettableLimit.startingAt(5);
    ModelLimiter limiter = new ModelLimiter(limit, properties(1, 0.6), now::get);
    List<Recorder> recorders = new ArrayList<>();
    List<ModelLimiter.Ticket> tickets = new ArrayList<>();
    List<ModelLimiter.Permit> permits = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      now.addAndGet(random.nextInt(1_000_000));
      switch (random.nextInt(4)) {
        case 0, 1 -> {
          Recorder recorder = new Recorder();
          Applicant applicant = applicant("c" + random.nextInt(4), 1 + random.nextInt(9));
          switch (limiter.apply(applicant, recorder)) {
            case ModelLimiter.Permit permit -> permits.add(permit);
            case ModelLimiter.Ticket ticket -> {
              tickets.add(ticket);
              recorders.add(recorder);
            }
            case ModelLimiter.Refusal _ -> {}
          }
        }
        case 2 -> {
          if (!permits.isEmpty()) {
            permits.remove(random.nextInt(permits.size())).end(PermitOutcome.ANSWERED);
          }
        }
        default -> {
          if (!tickets.isEmpty()) {
            tickets.remove(random.nextInt(tickets.size())).abandon();
          } else {
            limit.setLimit(1 + random.nextInt(8));
          }
        }
      }
      assertThat(limiter.waiting()).as("seed %d, step %d", seed, i).isLessThanOrEqualTo(8);
    }
    permits.forEach(permit -> permit.end(PermitOutcome.IGNORED));
    tickets.forEach(ModelLimiter.Ticket::abandon);
    for (Recorder recorder : recorders) {
      assertThat(recorder.told).as("seed %d", seed).isLessThanOrEqualTo(1);
      if (recorder.permit != null) {
        recorder.permit.end(PermitOutcome.IGNORED);
      }
    }
    assertThat(limiter.inFlight()).as("seed %d", seed).isZero();
    assertThat(limiter.waiting()).as("seed %d", seed).isZero();
    assertThat(limiter.callers()).as("seed %d", seed).isZero();
  }

  @Test
  void apply_refusesWhatWouldBeLate_andAdmitsWhatHasTime_andTheOnlyOneAlways() {
    ModelLimiter limiter = limiter(100, 0, 1);
    for (int i = 0; i < 20; i++) {
      ModelLimiter.Permit permit = admitted(limiter, "a");
      now.addAndGet(Duration.ofMillis(100).toNanos());
      permit.end(PermitOutcome.ANSWERED);
    }
    Applicant hurried = new Applicant("a", 5, now.get() + Duration.ofMillis(90).toNanos());
    Applicant patient = new Applicant("a", 5, now.get() + Duration.ofMillis(110).toNanos());

    assertThat(limiter.refusal(hurried)).isNull();
    admitted(limiter, "a");

    assertThat(limiter.refusal(patient)).isNull();
    assertThat(limiter.refusal(hurried))
        .isNotNull()
        .satisfies(
            refusal -> {
              assertThat(refusal.reason()).isEqualTo(ModelLimiter.Reason.TOO_LATE);
              assertThat(refusal.leftNanos()).isEqualTo(90_000_000);
              assertThat(refusal.estimateNanos()).isBetween(99_000_000L, 101_000_000L);
            });
    assertThat(limiter.apply(hurried, new Recorder())).isInstanceOf(ModelLimiter.Refusal.class);
    assertThat(limiter.apply(patient, new Recorder())).isInstanceOf(ModelLimiter.Permit.class);
  }
}
