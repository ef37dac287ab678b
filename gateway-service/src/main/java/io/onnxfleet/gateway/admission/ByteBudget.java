package io.onnxfleet.gateway.admission;

import java.util.concurrent.atomic.AtomicLong;

/**
 * A number of bytes that many requests share.
 *
 * <p>Large bodies leave a part to small ones, so that whoever sends giants keeps nobody else out.
 * Of large ones that do not fit together at least one is served: who is refused gives back what it
 * held in the same step, so the last one finds what the others had.
 *
 * <p>INVARIANT: 0 <= reserved <= capacity; bytes are reserved before they are stored.
 *
 * <p>Safe for use by many threads; nobody waits for longer than a few additions take.
 */
public final class ByteBudget {

  /** Bodies up to this size are small. */
  static final int SMALL = 64 * 1024;

  /** The part that large bodies leave. */
  private static final int PARTS = 16;

  private final long capacity;
  private final AtomicLong reserved = new AtomicLong();
  private final Object refusals = new Object();

  public ByteBudget(long capacity) {
    this.capacity = capacity;
  }

  /** Reserves the bytes if they fit, all of them or none. */
  public boolean tryReserve(long bytes) {
    return tryReserve(bytes, capacity);
  }

  /**
   * Reserves more for a body that has some already. If that does not fit, the body is refused, and
   * what it has is given back.
   *
   * @param held what was reserved for it before
   */
  public boolean tryReserveOrGiveBack(long bytes, long held) {
    long most = held + bytes <= SMALL ? capacity : mostOfOne();
    if (tryReserve(bytes, most)) {
      return true;
    }
    synchronized (refusals) {
      if (tryReserve(bytes, most)) {
        return true;
      }
      release(held);
      return false;
    }
  }

  public void release(long bytes) {
    reserved.addAndGet(-bytes);
  }

  public long reserved() {
    return reserved.get();
  }

  /** What one body can have if there is no other. */
  public long mostOfOne() {
    return Math.max(Math.min(capacity, SMALL), capacity - capacity / PARTS);
  }

  private boolean tryReserve(long bytes, long most) {
    for (long now = reserved.get(); bytes <= most - now; now = reserved.get()) {
      if (reserved.compareAndSet(now, now + bytes)) {
        return true;
      }
    }
    return false;
  }
}
