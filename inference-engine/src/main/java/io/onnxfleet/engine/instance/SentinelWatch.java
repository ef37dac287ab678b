package io.onnxfleet.engine.instance;

import io.onnxfleet.engine.batching.BatchScheduler;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The sentinel and the proof by requests among the instances of a version: who is idle, who runs
 * for them, and when that has to give way. Thread-safe.
 *
 * <p>INVARIANT: an instance counts as checking before it looks whether anything is queued, and a
 * request is queued before it is asked who is checking, so that one of both sees the other.
 */
final class SentinelWatch {
  private final BatchScheduler<PendingPiece> scheduler;
  private final SentinelSamples samples;
  private final AtomicInteger idle = new AtomicInteger();
  private final AtomicInteger checking = new AtomicInteger();
  private volatile @Nullable Sentinel sentinel;
  private volatile @Nullable LiveProof proof;

  SentinelWatch(BatchScheduler<PendingPiece> scheduler, SentinelSamples samples) {
    this.scheduler = scheduler;
    this.samples = samples;
  }

  void begin(Sentinel watching) {
    sentinel = watching;
  }

  void begin(LiveProof proving) {
    proof = proving;
  }

  /** What is proven by requests, or null. */
  @Nullable LiveProof proof() {
    return proof;
  }

  @Nullable Sentinel sentinel() {
    return sentinel;
  }

  /** So many more instances wait for a batch. */
  void idle(int more) {
    idle.addAndGet(more);
  }

  /** The CPU time of the calling thread; 0 while nobody watches. */
  long cpuNanos() {
    return sentinel == null ? 0 : samples.cpuNanos();
  }

  /** An instance's thread computed since it had taken that much CPU time. */
  void computedSince(long cpuNanos) {
    Sentinel watching = sentinel;
    if (watching != null && cpuNanos > 0) {
      watching.computed(samples.cpuNanos() - cpuNanos);
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
    if (!givingWay || watching.isBrief()) {
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

  /** True if the session may be used for a proof now. */
  boolean mayProve(TimedSession session) {
    LiveProof proving = proof;
    return proving != null && proving.isDue(session);
  }

  /** Goes on with a proof until a request comes. */
  void prove(TimedSession session) {
    LiveProof proving = proof;
    if (proving == null) {
      return;
    }
    session.mayGiveWay();
    checking.incrementAndGet();
    try {
      if (scheduler.status().items() == 0) {
        proving.run(session);
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
    boolean _ = stopProving();
    Sentinel watching = sentinel;
    if (watching != null) {
      watching.rest();
    }
  }

  /** False if nothing was being proven. */
  boolean stopProving() {
    LiveProof proving = proof;
    proof = null;
    return proving != null && proving.rest();
  }
}
