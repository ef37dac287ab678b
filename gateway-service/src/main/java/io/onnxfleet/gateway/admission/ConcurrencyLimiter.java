package io.onnxfleet.gateway.admission;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Admits up to a fixed number of requests at a time.
 *
 * <p>INVARIANT: 0 <= admitted <= limit; a place is taken before the request costs anything.
 *
 * <p>Safe for use by many threads; never blocks.
 */
public final class ConcurrencyLimiter {

  private final int limit;
  private final AtomicInteger admitted = new AtomicInteger();

  public ConcurrencyLimiter(int limit) {
    this.limit = limit;
  }

  /** Takes a place if one is free; whoever got one calls {@link #release} exactly once. */
  public boolean tryAcquire() {
    for (int now = admitted.get(); now < limit; now = admitted.get()) {
      if (admitted.compareAndSet(now, now + 1)) {
        return true;
      }
    }
    return false;
  }

  public void release() {
    admitted.decrementAndGet();
  }

  public int admitted() {
    return admitted.get();
  }

  public int limit() {
    return limit;
  }
}
