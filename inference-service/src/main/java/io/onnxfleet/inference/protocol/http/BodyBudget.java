package io.onnxfleet.inference.protocol.http;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The bytes of all bodies that the process holds at once, as they are after decompression. What is
 * reserved never exceeds the bound: who would is refused, and may come again. The first bytes of
 * each body are free, so that small requests go on while large ones use the budget up.
 *
 * <p>Thread-safe.
 */
public final class BodyBudget {
  /** About as much as reading any body takes. */
  static final long FREE = 16 << 10;

  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  private final long maxBytes;
  private final AtomicLong reserved = new AtomicLong();

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

  /** Belongs to the thread that reads the body. */
  final class Share implements AutoCloseable {
    private long taken;

    /**
     * Has the share cover that many bytes of the body.
     *
     * @throws InferenceException with {@link ErrorCode#MEMORY_EXHAUSTED} if others have the rest
     */
    void cover(long bytes) {
      long more = bytes - FREE - taken;
      if (more <= 0) {
        return;
      }
      if (reserved.addAndGet(more) > maxBytes) {
        reserved.addAndGet(-more);
        throw InferenceException.retryable(
            ErrorCode.MEMORY_EXHAUSTED,
            "the bodies of all requests take up more than %d bytes (expected: <= that)"
                .formatted(maxBytes),
            RETRY_AFTER);
      }
      taken += more;
    }

    @Override
    public void close() {
      reserved.addAndGet(-taken);
      taken = 0;
    }
  }
}
