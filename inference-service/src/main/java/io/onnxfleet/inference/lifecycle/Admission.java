package io.onnxfleet.inference.lifecycle;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The door that inference requests come through. Once shut it stays shut, and whoever is inside may
 * finish.
 *
 * <p>Thread-safe; {@link #enter()} never blocks for longer than a counter takes.
 */
public final class Admission {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition left = lock.newCondition();

  @GuardedBy("lock")
  private int inside;

  @GuardedBy("lock")
  private boolean shut;

  /**
   * Counts a request in, until the pass is closed.
   *
   * @throws InferenceException with {@link ErrorCode#SHUTTING_DOWN} once the door is shut
   */
  public Pass enter() {
    lock.lock();
    try {
      if (shut) {
        throw new InferenceException(ErrorCode.SHUTTING_DOWN, "this replica is going away");
      }
      inside++;
    } finally {
      lock.unlock();
    }
    return new Pass(this);
  }

  /** Lets nobody in from now on. */
  void shut() {
    lock.lock();
    try {
      shut = true;
    } finally {
      lock.unlock();
    }
  }

  public boolean isShut() {
    lock.lock();
    try {
      return shut;
    } finally {
      lock.unlock();
    }
  }

  /** Waits until nobody is inside; false if that takes longer than the timeout. */
  boolean awaitEmpty(Duration timeout) throws InterruptedException {
    long nanos = timeout.toNanos();
    lock.lock();
    try {
      while (inside > 0) {
        if (nanos <= 0) {
          return false;
        }
        nanos = left.awaitNanos(nanos);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  private void leave() {
    lock.lock();
    try {
      inside--;
      left.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** One request's stay; closing it twice does nothing more. */
  public static final class Pass implements AutoCloseable {
    private final Admission admission;
    private final AtomicBoolean closed = new AtomicBoolean();

    private Pass(Admission admission) {
      this.admission = admission;
    }

    @Override
    public void close() {
      if (closed.compareAndSet(false, true)) {
        admission.leave();
      }
    }
  }
}
