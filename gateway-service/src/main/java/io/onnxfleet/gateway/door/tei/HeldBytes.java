package io.onnxfleet.gateway.door.tei;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.admission.ByteBudget;
import io.onnxfleet.gateway.failure.GatewayException;
import java.util.function.Supplier;

/**
 * What one request holds of the memory that the bodies of all requests share, until it ends. Safe
 * for use by many threads.
 */
final class HeldBytes {
  /** What the trees that are read from JSON and made of it take, for each byte of it. */
  private static final long TREES = 16;

  private final ByteBudget budget;

  @GuardedBy("this")
  private long held;

  @GuardedBy("this")
  private boolean isReleased;

  HeldBytes(ByteBudget budget) {
    this.budget = budget;
  }

  /**
   * Holds more.
   *
   * @throws GatewayException if others have the rest, or the request has ended
   */
  synchronized void take(long bytes) {
    if (isReleased || !budget.tryReserve(bytes)) {
      throw noRoom();
    }
    held += bytes;
  }

  /**
   * Holds more of what one request is to have room for.
   *
   * @throws GatewayException if no request can hold so much, others have the rest, or the request
   *     has ended
   */
  synchronized void takeWithinOne(long bytes) {
    if (held + bytes > budget.mostOfOne()) {
      throw new GatewayException(
          ErrorCode.REQUEST_TOO_LARGE,
          "an answer that takes %d bytes (expected: <= %d)"
              .formatted(held + bytes, budget.mostOfOne()));
    }
    take(bytes);
  }

  /**
   * Does work that makes trees of so many bytes of JSON, and leaves none.
   *
   * @throws GatewayException if there is no room for them
   */
  <T> T withTrees(int bytes, Supplier<T> work) {
    long room = TREES * bytes;
    if (room > budget.mostOfOne()) {
      throw new GatewayException(
          ErrorCode.REQUEST_TOO_LARGE,
          "%d bytes of JSON (expected: <= %d)".formatted(bytes, budget.mostOfOne() / TREES));
    }
    if (!budget.tryReserve(room)) {
      throw noRoom();
    }
    try {
      return work.get();
    } finally {
      budget.release(room);
    }
  }

  private static GatewayException noRoom() {
    return new GatewayException(
        ErrorCode.GATEWAY_OVERLOADED, "no memory is left to keep a body (expected: later)");
  }

  /** Gives back what is held; nothing more is. */
  synchronized void release() {
    isReleased = true;
    budget.release(held);
    held = 0;
  }
}
