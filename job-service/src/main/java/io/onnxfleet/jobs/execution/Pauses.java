package io.onnxfleet.jobs.execution;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Waits that end with the process. Thread-safe. */
public final class Pauses {
  private final CountDownLatch stopping = new CountDownLatch(1);

  /** Waits so long, unless the process ends. */
  void rest(Duration time) throws InterruptedException, StoppingException {
    if (stopping.await(time.toNanos(), TimeUnit.NANOSECONDS)) {
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
