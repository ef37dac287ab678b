package io.onnxfleet.inference.protocol.call;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * How many requests are decoded, waited for or encoded at once: one bound for all protocols, and
 * the only one. Each request takes one place, whichever way it comes. Thread-safe; never blocks.
 */
final class RequestBound {
  private final Semaphore places;

  /** A bound of that many requests, at least 1. */
  RequestBound(int most) {
    this.places = new Semaphore(most);
  }

  /**
   * Takes a place, until it is closed.
   *
   * @throws InferenceException with {@link ErrorCode#QUEUE_FULL} if there is none
   */
  Place enter() {
    if (!places.tryAcquire()) {
      throw new InferenceException(
          ErrorCode.QUEUE_FULL, "this replica has as many requests as it takes at once");
    }
    return new Place(places);
  }

  /** One request's place; closing it twice does nothing more. */
  static final class Place implements AutoCloseable {
    private final Semaphore places;
    private final AtomicBoolean closed = new AtomicBoolean();

    private Place(Semaphore places) {
      this.places = places;
    }

    @Override
    public void close() {
      if (closed.compareAndSet(false, true)) {
        places.release();
      }
    }
  }
}
