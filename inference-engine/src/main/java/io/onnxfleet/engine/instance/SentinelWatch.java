package io.onnxfleet.engine.instance;

import io.onnxfleet.engine.batching.BatchScheduler;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The sentinel among the instances of a version: who is idle, who runs for it, and when that has to
 * give way. Thread-safe.
 *
 * <p>INVARIANT: an instance counts as checking before it looks whether anything is queued, and a
 * request is queued before it is asked who is checking, so that one of both sees the other.
 */
final class SentinelWatch {
  private final BatchScheduler<PendingPiece> scheduler;
  private final AtomicInteger idle = new AtomicInteger();
  private final AtomicInteger checking = new AtomicInteger();
  private volatile @Nullable Sentinel sentinel;

  SentinelWatch(BatchScheduler<PendingPiece> scheduler) {
    this.scheduler = scheduler;
  }

  void begin(Sentinel watching) {
    sentinel = watching;
  }

  @Nullable Sentinel sentinel() {
    return sentinel;
  }

  /** So many more instances wait for a batch. */
  void idle(int more) {
    idle.addAndGet(more);
  }

  void computed(long nanos) {
    Sentinel watching = sentinel;
    if (watching != null) {
      watching.computed(nanos);
    }
  }

  Sentinel.Due due() {
    Sentinel watching = sentinel;
    return watching == null ? Sentinel.Due.NOT : watching.due();
  }

  /**
   * Runs a sample.
   *
   * @param givingWay false if it is not ended by a request
   */
  void check(TimedSession session, boolean givingWay) {
    Sentinel watching = sentinel;
    if (watching == null) {
      return;
    }
    if (!givingWay) {
      session.keepTheWay();
      watching.check(session);
      return;
    }
    session.mayGiveWay();
    checking.incrementAndGet();
    try {
      if (scheduler.status().items() == 0) {
        watching.check(session);
      }
    } finally {
      checking.decrementAndGet();
      session.keepTheWay();
    }
  }

  /** True if a request waits that no idle instance will take, and an instance is checking. */
  boolean mustGiveWay() {
    return checking.get() > 0 && scheduler.status().items() > idle.get();
  }

  void rest() {
    Sentinel watching = sentinel;
    if (watching != null) {
      watching.rest();
    }
  }
}
