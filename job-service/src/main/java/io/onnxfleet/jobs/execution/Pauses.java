package io.onnxfleet.jobs.execution;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Waits that end with the process. Thread-safe. */
public final class Pauses {
  private final CountDownLatch stopping = new CountDownLatch(1);
  private final Wait wait;

  /** Waits by the machine's clock. */
  public Pauses() {
    this((stopping, time) -> stopping.await(time.toNanos(), TimeUnit.NANOSECONDS));
  }

  Pauses(Wait wait) {
    this.wait = wait;
  }

  /** Lets time pass. */
  @FunctionalInterface
  interface Wait {
    /** Whether the latch opened meanwhile. */
    boolean hasEnded(CountDownLatch stopping, Duration time) throws InterruptedException;
  }

  /** Waits so long, unless the process ends. */
  void rest(Duration time) throws InterruptedException, StoppingException {
    if (wait.hasEnded(stopping, time)) {
      throw new StoppingException();
    }
  }

  /** Throws if the process ends. */
  public void requireGoing() throws StoppingException {
    if (stopping.getCount() == 0) {
      throw new StoppingException();
    }
  }

  boolean isStopping() {
    return stopping.getCount() == 0;
  }

  /** Ends all waits, for good. */
  void stop() {
    stopping.countDown();
  }
}
