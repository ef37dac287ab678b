package io.onnxfleet.inference.protocol.http;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The bytes of all bodies that the process holds at once, as they are after decompression. What is
 * reserved never exceeds the bound: who would is refused, and may come again. The first bytes of
 * each body are free, so that small requests go on while large ones use the budget up. Of large
 * ones that do not fit together at least one is read: who is refused gives back what it had in the
 * same step, so the last one finds what the others left.
 *
 * <p>Thread-safe.
 */
public final class BodyBudget {
  /** About as much as reading any body takes. */
  static final long FREE = 16 << 10;

  private final long maxBytes;
  private final AtomicLong reserved = new AtomicLong();
  private final Object refusals = new Object();

  /** A budget of which nothing is reserved. */
  public BodyBudget(long maxBytes) {
    this.maxBytes = maxBytes;
  }

  /** Bytes that are reserved at this moment. */
  public long reservedBytes() {
    return reserved.get();
  }

  public long maxBytes() {
    return maxBytes;
  }

  /** One body's share, of which nothing is taken yet. */
  Share open() {
    return new Share();
  }

  private boolean tryReserve(long bytes) {
    for (long now = reserved.get(); bytes <= maxBytes - now; now = reserved.get()) {
      if (reserved.compareAndSet(now, now + bytes)) {
        return true;
      }
    }
    return false;
  }

  /** Belongs to the thread that reads the body. */
  final class Share implements AutoCloseable {
    private long taken;

    /**
     * Has the share cover that many bytes of the body.
     *
     * @throws InferenceException with {@link ErrorCode#MEMORY_EXHAUSTED} if others have the rest;
     *     then the share is nothing
     */
    void cover(long bytes) {
      long more = bytes - FREE - taken;
      if (more <= 0) {
        return;
      }
      if (!tryReserve(more) && !tryReserveOrGiveBack(more)) {
        throw new InferenceException(
            ErrorCode.MEMORY_EXHAUSTED,
            "the bodies of all requests take up more than %d bytes (expected: <= that)"
                .formatted(maxBytes));
      }
      taken += more;
    }

    private boolean tryReserveOrGiveBack(long more) {
      synchronized (refusals) {
        if (tryReserve(more)) {
          return true;
        }
        close();
        return false;
      }
    }

    @Override
    public void close() {
      reserved.addAndGet(-taken);
      taken = 0;
    }
  }
}
