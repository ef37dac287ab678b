package io.onnxfleet.inference.protocol.http;

import io.onnxfleet.contract.api.DeflateInput;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * How fast bodies are read that inflate to far more than honest ones do. A request of 63 KB may
 * inflate to 64 MB, and fifty of them a second would leave no processor to the models. Each such
 * body rests fifteen parts of time for one of work, and they rest one after the other: all of them
 * together take a fifteenth of one processor at most.
 *
 * <p>Thread-safe.
 */
final class InflationPace {
  /** Up to here any body is read at full speed. */
  static final long UNHURRIED_ABOVE = 256 << 10;

  private static final int REST_FOR_WORK = 15;

  /** Work that took longer waited for its client. */
  private static final long MOST_WORK_NANOS = Duration.ofMillis(2).toNanos();

  private final Rest rest;
  private final ReentrantLock turn = new ReentrantLock(true);

  InflationPace() {
    this(LockSupport::parkNanos);
  }

  InflationPace(Rest rest) {
    this.rest = rest;
  }

  /** Lets time pass. */
  interface Rest {
    void nanos(long nanos);
  }

  /** Whether a body of so many bytes has inflated to more than an honest one. */
  static boolean isExcessive(long compressed, long inflated) {
    return inflated > UNHURRIED_ABOVE + DeflateInput.HONEST_RATIO * compressed;
  }

  /** Rests for work that took so long, when the others have. */
  void restFor(long workedNanos) {
    turn.lock();
    try {
      rest.nanos(Math.min(workedNanos, MOST_WORK_NANOS) * REST_FOR_WORK);
    } finally {
      turn.unlock();
    }
  }
}
