package io.onnxfleet.engine.metrics;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;

/**
 * The share of several executors' time that was spent on work lately: an exponentially weighted
 * average over continuous time, so that it neither depends on how often it is read nor on how many
 * pieces the work came in. Thread-safe.
 *
 * <pre>
 * busy(t) = active / executors, constant between events
 * share(t + dt) = busy + (share(t) - busy) * exp(-dt / timeConstant)
 * </pre>
 */
public final class BusyShare {
  private final double timeConstantNanos;

  @GuardedBy("this")
  private int executors;

  @GuardedBy("this")
  private int active;

  @GuardedBy("this")
  private double share;

  @GuardedBy("this")
  private long last;

  /** An idle start at the ticker's reading {@code now}. */
  public BusyShare(int executors, Duration timeConstant, long now) {
    this.executors = executors;
    this.timeConstantNanos = timeConstant.toNanos();
    this.last = now;
  }

  /** From now on there are that many, at least 1. */
  public synchronized void executors(int count, long now) {
    advance(now);
    executors = count;
  }

  public synchronized void begin(long now) {
    advance(now);
    active++;
  }

  public synchronized void end(long now) {
    advance(now);
    active--;
  }

  /** 0 (idle) to 1 (every executor busy all the time). */
  public synchronized double read(long now) {
    advance(now);
    return share;
  }

  @GuardedBy("this")
  private void advance(long now) {
    long elapsed = now - last;
    if (elapsed > 0) {
      double busy = (double) active / executors;
      share = busy + (share - busy) * Math.exp(-elapsed / timeConstantNanos);
      last = now;
    }
  }
}
