package io.onnxfleet.gateway.admission;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import com.netflix.concurrency.limits.Limit;
import io.onnxfleet.contract.fleet.Priority;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/*
 * A place that becomes free goes to the waiting request of the highest priority; among equals to
 * the caller that has the fewest places (max-min fairness), then to the one that waits longest. A
 * full queue makes room the same way backwards: a newcomer displaces the youngest request of the
 * lowest priority and the greediest caller, if it is of higher priority or its caller has less.
 *
 * INVARIANT: nobody waits who could be admitted, so a newcomer never passes one that waits.
 * INVARIANT: inFlight is the number of permits that have not ended and the sum over the callers.
 *
 * Lock order: this object's monitor, then the limit's. Waiters are told outside of both.
 */
/**
 * The places of one model: as many as its limit says, and a short queue for them.
 *
 * <p>Who got a {@link Permit} ends it, once or more often; the first time counts. A rejection is a
 * value and costs no more than a look at the queue.
 *
 * <p>Safe for use by many threads; never blocks for longer than a look at the queue takes. Bounded
 * by the limit and the queue: callers without a request are forgotten.
 */
final class ModelLimiter {

  /** However high the limit is: a longer queue is delay only, and takes longer to look through. */
  private static final int MOST_WAITING = 256;

  private static final double DRAIN_SECONDS = 2;
  private static final double REFUSED_SECONDS = 1;
  private static final long LONGEST_RETRY_SECONDS = 60;

  private final Limit limit;
  private final double queueShare;
  private final double maxCallerShare;
  private final long targetNanos;
  private final LongSupplier nanoClock;

  @GuardedBy("this")
  private final Map<String, Account> accounts = new HashMap<>();

  @GuardedBy("this")
  private final List<Place> queue = new ArrayList<>();

  @GuardedBy("this")
  private final int[] waitingByPriority = new int[Priority.LOWEST + 1];

  @GuardedBy("this")
  private final EventRate drained;

  @GuardedBy("this")
  private final EventRate refused;

  @GuardedBy("this")
  private final LatencyEstimate estimate;

  @GuardedBy("this")
  private int inFlight;

  ModelLimiter(Limit limit, LimitProperties properties, LongSupplier nanoClock) {
    this.limit = limit;
    this.queueShare = properties.queueShare();
    this.maxCallerShare = properties.maxCallerShare();
    this.targetNanos = properties.targetLatency().toNanos();
    this.nanoClock = nanoClock;
    long now = nanoClock.getAsLong();
    this.drained = new EventRate(DRAIN_SECONDS, now);
    this.refused = new EventRate(REFUSED_SECONDS, now);
    this.estimate = new LatencyEstimate(now);
  }

  /** Told once, by whatever thread decides it. */
  interface Waiter {
    void admitted(Permit permit);

    void refused(Refusal refusal);
  }

  /** What became of an application. */
  sealed interface Decision permits Permit, Ticket, Refusal {}

  /** A place, from now on. */
  sealed interface Permit extends Decision permits Admission {
    void end(PermitOutcome outcome);
  }

  /** The waiter will be told. */
  sealed interface Ticket extends Decision permits Place {
    /** Leaves the queue, or ends the permit that was given in the meantime. */
    void abandon();
  }

  /** Why there is no place. */
  enum Reason {
    FULL,
    /** The answer would come after the deadline. */
    TOO_LATE
  }

  /**
   * No place.
   *
   * @param retryAfterSeconds when there may be one, by the rate at which places became free
   * @param leftNanos until the deadline
   * @param estimateNanos until the answer, as far as is known; 0 if it is not
   */
  record Refusal(
      Reason reason,
      int inFlight,
      int waiting,
      long retryAfterSeconds,
      long leftNanos,
      long estimateNanos)
      implements Decision {}

  /** What one caller has and wants. */
  private static final class Account {
    int inFlight;
    int waiting;

    int total() {
      return inFlight + waiting;
    }
  }

  /** Whether the request would be refused now; a refusal counts as one. */
  synchronized @Nullable Refusal refusal(Applicant applicant) {
    Refusal late = tooLate(applicant);
    if (late != null) {
      return late;
    }
    return isFullFor(applicant) ? refuse(Reason.FULL, applicant, 0) : null;
  }

  /** What the request would meet now; counts nothing. */
  synchronized AdmissionEstimate estimate(Applicant applicant) {
    int ahead = ahead(applicant);
    long now = nanoClock.getAsLong();
    long nanos = estimate.nanos(now, ahead + 1);
    boolean isLate = ahead > 0 && nanos > applicant.deadlineNanos() - now;
    return new AdmissionEstimate(isLate || isFullFor(applicant), nanos, ahead);
  }

  @GuardedBy("this")
  private boolean isFullFor(Applicant applicant) {
    int most = limit.getLimit();
    return inFlight >= most && queue.size() >= queueCapacity(most) && victim(applicant) == null;
  }

  /** Requests that are answered before one that comes now. */
  @GuardedBy("this")
  private int ahead(Applicant applicant) {
    int ahead = inFlight;
    for (int priority = 0; priority <= applicant.priority(); priority++) {
      ahead += waitingByPriority[priority];
    }
    return ahead;
  }

  /**
   * Takes a place, or one in the queue for it.
   *
   * @param waiter told only if the decision is a {@link Ticket}
   */
  Decision apply(Applicant applicant, Waiter waiter) {
    Place place = new Place(applicant, waiter);
    Place displaced = null;
    Refusal refusal = null;
    synchronized (this) {
      Refusal late = tooLate(applicant);
      if (late != null) {
        return late;
      }
      int most = limit.getLimit();
      Account account = accounts.get(applicant.caller());
      if (inFlight < most && mayHaveMore(account, most)) {
        return admit(place);
      }
      if (queue.size() >= queueCapacity(most)) {
        displaced = victim(applicant);
        refusal = refuse(Reason.FULL, applicant, 0);
        if (displaced == null) {
          return refusal;
        }
        leaveQueue(displaced);
      }
      queue.add(place);
      waitingByPriority[applicant.priority()]++;
      account(applicant.caller()).waiting++;
    }
    if (displaced != null && refusal != null) {
      displaced.waiter.refused(refusal);
    }
    return place;
  }

  synchronized int inFlight() {
    return inFlight;
  }

  synchronized int waiting() {
    return queue.size();
  }

  int limit() {
    return limit.getLimit();
  }

  /** How many callers have a request here. */
  synchronized int callers() {
    return accounts.size();
  }

  private int queueCapacity(int most) {
    return Math.min((int) (most * queueShare), MOST_WAITING);
  }

  private boolean mayHaveMore(@Nullable Account account, int most) {
    return account == null
        || maxCallerShare >= 1
        || account.inFlight < Math.max(1, most * maxCallerShare);
  }

  @GuardedBy("this")
  private Admission admit(Place place) {
    inFlight++;
    account(place.applicant.caller()).inFlight++;
    Admission given = new Admission(place.applicant.caller(), nanoClock.getAsLong(), inFlight);
    place.permit = given;
    return given;
  }

  @GuardedBy("this")
  private Account account(String caller) {
    return accounts.computeIfAbsent(caller, name -> new Account());
  }

  @GuardedBy("this")
  private void forgetIfIdle(String caller, Account account) {
    if (account.total() == 0) {
      accounts.remove(caller);
    }
  }

  @GuardedBy("this")
  private void leaveQueue(Place place) {
    if (queue.remove(place)) {
      Account account = account(place.applicant.caller());
      account.waiting--;
      waitingByPriority[place.applicant.priority()]--;
      forgetIfIdle(place.applicant.caller(), account);
    }
  }

  /**
   * A request that would be answered too late only makes others late. The only one is always
   * admitted, so that something is learned.
   */
  @GuardedBy("this")
  private @Nullable Refusal tooLate(Applicant applicant) {
    int ahead = ahead(applicant);
    if (ahead == 0) {
      return null;
    }
    long now = nanoClock.getAsLong();
    long nanos = estimate.nanos(now, ahead + 1);
    return nanos > applicant.deadlineNanos() - now
        ? refuse(Reason.TOO_LATE, applicant, nanos)
        : null;
  }

  @GuardedBy("this")
  private Refusal refuse(Reason reason, Applicant applicant, long estimateNanos) {
    long now = nanoClock.getAsLong();
    refused.count(now);
    double backlog = queue.size() + refused.perSecond(now) * REFUSED_SECONDS;
    double drain = drained.perSecond(now);
    long seconds =
        drain <= 0
            ? 1
            : (long) Math.clamp(Math.ceil(backlog / drain), 1, (double) LONGEST_RETRY_SECONDS);
    return new Refusal(
        reason,
        inFlight,
        queue.size(),
        seconds,
        Math.max(0, applicant.deadlineNanos() - now),
        estimateNanos);
  }

  /** The waiting request that the newcomer displaces, if any. */
  @GuardedBy("this")
  private @Nullable Place victim(Applicant newcomer) {
    int lowest = waitingByPriority.length - 1;
    while (lowest > 0 && waitingByPriority[lowest] == 0) {
      lowest--;
    }
    Account own = accounts.get(newcomer.caller());
    boolean alone = own != null && accounts.size() == 1;
    if (lowest < newcomer.priority() || (lowest == newcomer.priority() && alone)) {
      return null;
    }
    Place victim = null;
    int victimTotal = 0;
    for (Place place : queue) {
      if (place.applicant.priority() == lowest) {
        int total = account(place.applicant.caller()).total();
        if (total >= victimTotal) {
          victim = place;
          victimTotal = total;
        }
      }
    }
    boolean hasLess = (own == null ? 0 : own.total()) + 1 < victimTotal;
    return lowest > newcomer.priority() || hasLess ? victim : null;
  }

  /** The waiting request whose turn it is, if any caller may have more. */
  @GuardedBy("this")
  private @Nullable Place next(int most) {
    Place next = null;
    int nextInFlight = 0;
    for (Place place : queue) {
      Account account = account(place.applicant.caller());
      if (mayHaveMore(account, most)
          && (next == null
              || place.applicant.priority() < next.applicant.priority()
              || (place.applicant.priority() == next.applicant.priority()
                  && account.inFlight < nextInFlight))) {
        next = place;
        nextInFlight = account.inFlight;
      }
    }
    return next;
  }

  private void end(Admission admission, PermitOutcome outcome) {
    List<Place> admitted = new ArrayList<>(0);
    synchronized (this) {
      if (admission.ended) {
        return;
      }
      admission.ended = true;
      inFlight--;
      Account account = account(admission.caller);
      account.inFlight--;
      forgetIfIdle(admission.caller, account);
      long now = nanoClock.getAsLong();
      drained.count(now);
      long took = Math.max(1, now - admission.startNanos);
      if (outcome == PermitOutcome.ANSWERED || outcome == PermitOutcome.EXPIRED) {
        estimate.observe(now, admission.inFlightThen, took);
      }
      boolean counts =
          switch (outcome) {
            case ANSWERED, DROPPED -> true;
            case EXPIRED -> took >= targetNanos;
            case IGNORED -> false;
          };
      if (counts) {
        limit.onSample(
            admission.startNanos, took, admission.inFlightThen, outcome != PermitOutcome.ANSWERED);
      }
      int most = limit.getLimit();
      while (inFlight < most && !queue.isEmpty()) {
        Place next = next(most);
        if (next == null) {
          break;
        }
        admit(next);
        leaveQueue(next);
        admitted.add(next);
      }
    }
    for (Place place : admitted) {
      place.tell();
    }
  }

  private final class Admission implements Permit {

    private final String caller;
    private final long startNanos;
    private final int inFlightThen;

    /** Guarded by the limiter's monitor. */
    private boolean ended;

    Admission(String caller, long startNanos, int inFlightThen) {
      this.caller = caller;
      this.startNanos = startNanos;
      this.inFlightThen = inFlightThen;
    }

    @Override
    public void end(PermitOutcome outcome) {
      ModelLimiter.this.end(this, outcome);
    }
  }

  /** One application; a ticket while it waits. */
  private final class Place implements Ticket {

    private final Applicant applicant;
    private final Waiter waiter;

    /** Guarded by the limiter's monitor; set when the place is given. */
    private @Nullable Admission permit;

    Place(Applicant applicant, Waiter waiter) {
      this.applicant = applicant;
      this.waiter = waiter;
    }

    /** Called by whoever gave the permit, outside of the monitor. */
    void tell() {
      Admission given;
      synchronized (ModelLimiter.this) {
        given = permit;
      }
      if (given != null) {
        waiter.admitted(given);
      }
    }

    @Override
    public void abandon() {
      Admission given;
      synchronized (ModelLimiter.this) {
        given = permit;
        if (given == null) {
          leaveQueue(this);
        }
      }
      if (given != null) {
        given.end(PermitOutcome.IGNORED);
      }
    }
  }
}
