package io.onnxfleet.gateway.failure;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.concurrent.TimeUnit;

/**
 * So many lines a second at most: under overload the log must not cost more than the requests that
 * it tells of. Safe for use by many threads.
 */
public final class LineBudget {

  private final int perSecond;

  @GuardedBy("this")
  private long second;

  @GuardedBy("this")
  private int written;

  @GuardedBy("this")
  private long unwritten;

  public LineBudget(int perSecond) {
    this.perSecond = perSecond;
  }

  /** Counts a line: the number of those left out since the last one, or -1 if it is left out. */
  public synchronized long take(long nowNanos) {
    long now = Math.floorDiv(nowNanos, TimeUnit.SECONDS.toNanos(1));
    if (now != second) {
      second = now;
      written = 0;
    }
    if (written == perSecond) {
      unwritten++;
      return -1;
    }
    written++;
    long leftOut = unwritten;
    unwritten = 0;
    return leftOut;
  }
}
