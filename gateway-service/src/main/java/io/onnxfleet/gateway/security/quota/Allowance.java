package io.onnxfleet.gateway.security.quota;

import com.google.errorprone.annotations.concurrent.GuardedBy;

/**
 * A bucket that fills over a minute and may be overdrawn. What is known before the work is taken
 * with {@link #tryTake}; what is known only after it is {@linkplain #charge charged}, and then the
 * bucket is in debt until the time has paid.
 *
 * <p>INVARIANT: level <= capacity.
 *
 * <p>Safe for use by many threads; never blocks.
 */
public final class Allowance {

  private static final double NANOS_PER_MINUTE = 60e9;

  private final long perMinute;

  @GuardedBy("this")
  private double rate;

  @GuardedBy("this")
  private double capacity;

  @GuardedBy("this")
  private double level;

  @GuardedBy("this")
  private long filledNanos;

  public Allowance(long perMinute, double share, long nowNanos) {
    this.perMinute = perMinute;
    this.rate = perMinute * share;
    this.capacity = Math.max(1, rate);
    this.level = capacity;
    this.filledNanos = nowNanos;
  }

  /** This gateway's share of the quota, from now on. */
  synchronized void share(double share, long nowNanos) {
    fill(nowNanos);
    double before = capacity;
    rate = perMinute * share;
    // One at least, or a key of a small quota could never ask.
    capacity = Math.max(1, rate);
    // What is there is shared out anew, what is owed stays owed.
    level = level > 0 ? Math.min(capacity, level * capacity / before) : level;
  }

  /** Takes one; 0 if it was there, else the nanoseconds until it will be. */
  public synchronized long tryTake(long nowNanos) {
    long wait = waitNanos(nowNanos, 1);
    if (wait == 0) {
      level--;
    }
    return wait;
  }

  /** 0 unless it is in debt, else the nanoseconds until it is not. */
  synchronized long debtNanos(long nowNanos) {
    return waitNanos(nowNanos, 0);
  }

  /** Whether there is not one to take. */
  public synchronized boolean isEmpty(long nowNanos) {
    return waitNanos(nowNanos, 1) > 0;
  }

  /** Whether nothing was taken, or all of it has come back. */
  synchronized boolean isFull(long nowNanos) {
    fill(nowNanos);
    return level >= capacity;
  }

  synchronized void charge(long amount, long nowNanos) {
    fill(nowNanos);
    level -= amount;
  }

  @GuardedBy("this")
  private long waitNanos(long nowNanos, double needed) {
    fill(nowNanos);
    return level >= needed
        ? 0
        : Math.max(1, (long) Math.ceil((needed - level) / rate * NANOS_PER_MINUTE));
  }

  @GuardedBy("this")
  private void fill(long nowNanos) {
    double passed = nowNanos - filledNanos;
    // Another thread may have looked at the clock later and been here first: time fills but once.
    if (passed > 0) {
      filledNanos = nowNanos;
      level = Math.min(capacity, level + rate * passed / NANOS_PER_MINUTE);
    }
  }
}
