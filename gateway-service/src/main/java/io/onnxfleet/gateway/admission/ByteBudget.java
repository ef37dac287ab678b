package io.onnxfleet.gateway.admission;

import java.util.concurrent.atomic.AtomicLong;

/**
 * A number of bytes that many requests share.
 *
 * <p>INVARIANT: 0 <= reserved <= capacity; bytes are reserved before they are stored.
 *
 * <p>Safe for use by many threads; never blocks.
 */
public final class ByteBudget {

  private final long capacity;
  private final AtomicLong reserved = new AtomicLong();

  public ByteBudget(long capacity) {
    this.capacity = capacity;
  }

  /** Reserves the bytes if they fit, all of them or none. */
  public boolean tryReserve(long bytes) {
    for (long now = reserved.get(); bytes <= capacity - now; now = reserved.get()) {
      if (reserved.compareAndSet(now, now + bytes)) {
        return true;
      }
    }
    return false;
  }

  public void release(long bytes) {
    reserved.addAndGet(-bytes);
  }

  public long reserved() {
    return reserved.get();
  }
}
