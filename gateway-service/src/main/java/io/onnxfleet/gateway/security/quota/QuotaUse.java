package io.onnxfleet.gateway.security.quota;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.fleet.InferenceUnits;
import io.onnxfleet.gateway.failure.GatewayException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * How much of its quota one caller has used at this gateway, which has a share of it. Requests
 * count when they come, rows and tokens when they were answered; a caller in debt waits.
 *
 * <p>INVARIANT: 0 <= underWay; who entered leaves once.
 *
 * <p>Safe for use by many threads; never blocks.
 */
public final class QuotaUse {

  private final Quota quota;
  private final @Nullable Allowance requests;
  private final @Nullable Allowance rows;
  private final @Nullable Allowance tokens;
  private final AtomicInteger underWay = new AtomicInteger();
  private final QuotaShare share;
  private final Predicate<QuotaUse> keeper;
  private volatile double shared;
  private volatile int mostUnderWay;

  /** Of a caller that is known anyway. */
  public QuotaUse(Quota quota, QuotaShare share, long nowNanos) {
    this(quota, share, nowNanos, kept -> true);
  }

  /**
   * Of one of many callers.
   *
   * @param keeper asked as each request comes; false if the use cannot be remembered
   */
  QuotaUse(Quota quota, QuotaShare share, long nowNanos, Predicate<QuotaUse> keeper) {
    this.quota = quota;
    this.share = share;
    this.keeper = keeper;
    this.shared = share.now();
    this.requests = allowance(quota.requestsPerMinute(), shared, nowNanos);
    this.rows = allowance(quota.rowsPerMinute(), shared, nowNanos);
    this.tokens = allowance(quota.tokensPerMinute(), shared, nowNanos);
    this.mostUnderWay = mostUnderWay(shared);
  }

  private static @Nullable Allowance allowance(long perMinute, double share, long nowNanos) {
    return perMinute == 0 ? null : new Allowance(perMinute, share, nowNanos);
  }

  private int mostUnderWay(double share) {
    return quota.concurrentRequests() == 0
        ? Integer.MAX_VALUE
        : Math.max(1, (int) Math.round(quota.concurrentRequests() * share));
  }

  public Quota quota() {
    return quota;
  }

  /** Follows the gateway's share, if that has changed. */
  private void follow(long nowNanos) {
    if (share.now() == shared) {
      return;
    }
    synchronized (this) {
      double now = share.now();
      if (now == shared) {
        return;
      }
      mostUnderWay = mostUnderWay(now);
      for (Allowance allowance : new Allowance[] {requests, rows, tokens}) {
        if (allowance != null) {
          allowance.share(now, nowNanos);
        }
      }
      shared = now;
    }
  }

  /**
   * Counts a request that comes.
   *
   * @throws GatewayException if the caller has used up what it may
   */
  public void enter(long nowNanos) {
    follow(nowNanos);
    requireNoDebt("rows_per_minute", quota.rowsPerMinute(), rows, nowNanos);
    requireNoDebt("tokens_per_minute", quota.tokensPerMinute(), tokens, nowNanos);
    if (underWay.incrementAndGet() > mostUnderWay) {
      underWay.decrementAndGet();
      throw exceeded(
          "concurrent_requests", quota.concurrentRequests(), TimeUnit.SECONDS.toNanos(1));
    }
    if (!keeper.test(this)) {
      underWay.decrementAndGet();
      throw new GatewayException(
          ErrorCode.QUOTA_EXCEEDED, "too many subjects use their quotas (expected: fewer)", 1);
    }
    long wait = requests == null ? 0 : requests.tryTake(nowNanos);
    if (wait > 0) {
      underWay.decrementAndGet();
      throw exceeded("requests_per_minute", quota.requestsPerMinute(), wait);
    }
  }

  public void leave() {
    underWay.decrementAndGet();
  }

  /** Charges what an answer took. */
  public void charge(InferenceUnits units, long nowNanos) {
    if (rows != null) {
      rows.charge(units.rows(), nowNanos);
    }
    if (tokens != null) {
      tokens.charge(units.tokens(), nowNanos);
    }
  }

  /** Whether a new one would be the same. */
  boolean isAtRest(long nowNanos) {
    return underWay.get() == 0
        && isFull(requests, nowNanos)
        && isFull(rows, nowNanos)
        && isFull(tokens, nowNanos);
  }

  private static boolean isFull(@Nullable Allowance allowance, long nowNanos) {
    return allowance == null || allowance.isFull(nowNanos);
  }

  private static void requireNoDebt(
      String name, long perMinute, @Nullable Allowance allowance, long nowNanos) {
    long wait = allowance == null ? 0 : allowance.debtNanos(nowNanos);
    if (wait > 0) {
      throw exceeded(name, perMinute, wait);
    }
  }

  private static GatewayException exceeded(String name, long most, long waitNanos) {
    return new GatewayException(
        ErrorCode.QUOTA_EXCEEDED,
        "%s: used up (expected: <= %d for these credentials)".formatted(name, most),
        Math.ceilDiv(waitNanos, TimeUnit.SECONDS.toNanos(1)));
  }
}
