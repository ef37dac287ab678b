package io.onnxfleet.gateway.family;

import com.google.errorprone.annotations.concurrent.GuardedBy;

/*
 * A variant whose estimate leaves the budget passes its requests on to a lesser one at once; if that
 * goes on, it is closed. From then on its estimate says nothing of the load that it had, since that
 * load is elsewhere. What tells that it could be carried again is how many requests come: fewer, by
 * a margin, than when it closed. Then the variant gets a growing share of them, so that a mistake
 * is noticed while it is small.
 *
 *   OPEN      --misfits pile up-->                                          CLOSED
 *   CLOSED    --held, and fewer requests than broke it, or time for a try-> RETURNING
 *   RETURNING --misfits pile up-->                                          CLOSED, for longer
 *   RETURNING --its share has grown to all-->                               OPEN
 *
 * A variant that broke for another reason than the number of requests (a pause, a replica that
 * compiles) would wait for ever for fewer of them, so it is tried after a while in any case.
 */
/**
 * Whether one variant gets the requests of one budget, with hysteresis. Safe for use by many
 * threads.
 */
final class VariantGate {

  private enum State {
    OPEN,
    CLOSED,
    RETURNING
  }

  /** So many misfits close the gate, each fit making up for a part of one. */
  private static final double MOST_MISFITS = 4;

  private static final double FIT_WEIGHT = 0.25;

  /** Of the requests a second that broke the variant, how many it is trusted with again. */
  private static final double RETURN_RATE = 0.75;

  private static final double FIRST_SHARE = 0.125;
  private static final long DOUBLING_NANOS = 400_000_000;
  private static final long PROBE_NANOS = 1_000_000_000;

  private final long holdNanos;
  private final long firstRetryNanos;
  private final long lastRetryNanos;

  @GuardedBy("this")
  private State state = State.OPEN;

  @GuardedBy("this")
  private long since;

  @GuardedBy("this")
  private double misfits;

  @GuardedBy("this")
  private double brokeAtPerSecond;

  @GuardedBy("this")
  private long retryNanos;

  @GuardedBy("this")
  private double credit;

  @GuardedBy("this")
  private long probedAt;

  VariantGate(FamilyProperties properties, long now) {
    this.holdNanos = properties.hold().toNanos();
    this.firstRetryNanos = properties.firstRetry().toNanos();
    this.lastRetryNanos = properties.lastRetry().toNanos();
    this.retryNanos = firstRetryNanos;
    this.since = now - firstRetryNanos;
    this.probedAt = now - PROBE_NANOS;
  }

  /**
   * Whether the variant gets a request.
   *
   * @param fits whether its estimate is within the budget
   * @param perSecond requests for the family
   */
  synchronized boolean admits(boolean fits, double perSecond, long now) {
    return switch (state) {
      case OPEN -> {
        boolean isLasting = isLasting(fits);
        if (isLasting) {
          boolean wasSound = now - since >= retryNanos;
          close(wasSound ? firstRetryNanos : doubled(), perSecond, now);
        }
        yield fits && !isLasting;
      }
      case CLOSED -> mayReturn(perSecond, now) && (fits ? startReturn(now) : probe(now));
      case RETURNING -> {
        if (isLasting(fits)) {
          close(doubled(), perSecond, now);
          yield false;
        }
        yield fits && takeShare(now);
      }
    };
  }

  synchronized boolean isOpen() {
    return state == State.OPEN;
  }

  @GuardedBy("this")
  private boolean isLasting(boolean fits) {
    misfits = fits ? Math.max(0, misfits - FIT_WEIGHT) : misfits + 1;
    return misfits >= MOST_MISFITS;
  }

  @GuardedBy("this")
  private void close(long retryAfter, double perSecond, long now) {
    state = State.CLOSED;
    since = now;
    misfits = 0;
    brokeAtPerSecond = perSecond;
    retryNanos = retryAfter;
  }

  @GuardedBy("this")
  private long doubled() {
    return Math.min(lastRetryNanos, 2 * retryNanos);
  }

  @GuardedBy("this")
  private boolean mayReturn(double perSecond, long now) {
    long closed = now - since;
    return closed >= retryNanos
        || (closed >= holdNanos && perSecond <= RETURN_RATE * brokeAtPerSecond);
  }

  @GuardedBy("this")
  private boolean startReturn(long now) {
    state = State.RETURNING;
    since = now;
    credit = 1;
    return takeShare(now);
  }

  /** An estimate that nothing renews would stay as it was when the variant broke. */
  @GuardedBy("this")
  private boolean probe(long now) {
    if (now - probedAt < PROBE_NANOS) {
      return false;
    }
    probedAt = now;
    return true;
  }

  @GuardedBy("this")
  private boolean takeShare(long now) {
    double share = FIRST_SHARE * Math.pow(2, (double) (now - since) / DOUBLING_NANOS);
    if (share >= 1) {
      state = State.OPEN;
      since = now;
      misfits = 0;
      return true;
    }
    credit += share;
    if (credit < 1) {
      return false;
    }
    credit -= 1;
    return true;
  }
}
