package io.onnxfleet.engine.instance;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.batching.Batch;
import io.onnxfleet.engine.batching.BatchScheduler;
import io.onnxfleet.engine.metrics.BusyShare;
import io.onnxfleet.engine.request.Ticker;
import io.onnxfleet.engine.runtime.ModelSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One executor of a model version: a platform thread that takes batch after batch and runs it on
 * its own session, until the scheduler is closed and empty. Only that thread touches the session,
 * but for {@link #terminate()}.
 */
final class ModelInstance {
  private static final Logger log = LoggerFactory.getLogger(ModelInstance.class);

  private final TimedSession session;
  private final BatchExecution execution;
  private final BatchScheduler<PendingPiece> scheduler;
  private final BusyShare busyShare;
  private final SentinelWatch sentinel;
  private final Ticker ticker;
  private final Thread thread;

  @GuardedBy("this")
  private boolean running;

  @GuardedBy("this")
  private boolean leaving;

  /** An instance that is not yet started. */
  ModelInstance(
      String name,
      TimedSession session,
      BatchExecution execution,
      BatchScheduler<PendingPiece> scheduler,
      BusyShare busyShare,
      SentinelWatch sentinel,
      Ticker ticker) {
    this.session = session;
    this.execution = execution;
    this.scheduler = scheduler;
    this.busyShare = busyShare;
    this.sentinel = sentinel;
    this.ticker = ticker;
    this.thread = Thread.ofPlatform().name(name).daemon().unstarted(this::runBatches);
  }

  void start() {
    thread.start();
  }

  /** Takes no further batch, whatever is queued; one that is under way is finished. */
  synchronized void leave() {
    leaving = true;
    if (!running) {
      // It waits for a batch: callers' answers are never completed under an interrupt.
      thread.interrupt();
    }
  }

  boolean runs(ModelSession other) {
    return session.isOf(other);
  }

  /** Ends a run that has taken too long. */
  void expire() {
    session.expire();
  }

  /** Makes a run that is under way fail soon. */
  void terminate() {
    session.terminate();
  }

  /** What its session holds for runs. */
  long runMemoryBytes() {
    return session.memory().held();
  }

  /** Waits for the thread's end; false if it still runs after that long. */
  boolean join(long millis) throws InterruptedException {
    thread.join(Math.max(1, millis));
    return !thread.isAlive();
  }

  /** Closes the session; the thread must have ended. */
  void closeSession() {
    if (thread.isAlive()) {
      throw new IllegalStateException(thread.getName() + " still runs; its session cannot close");
    }
    session.close();
  }

  private void runBatches() {
    try {
      Batch<PendingPiece> batch = next();
      while (batch != null) {
        begin();
        run(batch);
        batch = mayTakeMore() ? next() : null;
      }
    } catch (InterruptedException interrupted) {
      log.debug("{} was interrupted and ends", thread.getName());
    }
  }

  /** The next batch; while there is none, the sentinel or a proof has the session. */
  private @Nullable Batch<PendingPiece> next() throws InterruptedException {
    while (true) {
      boolean proves = sentinel.mayProve(session);
      Sentinel.Due due = proves ? Sentinel.Due.WHEN_IDLE : sentinel.due();
      if (due == Sentinel.Due.WHEN_IDLE) {
        Batch<PendingPiece> batch = scheduler.poll();
        if (batch != null) {
          return batch;
        }
        if (scheduler.status().items() > 0) {
          due = Sentinel.Due.NOT;
        }
      }
      if (due == Sentinel.Due.NOT) {
        return takeIdle();
      }
      begin();
      try {
        if (proves) {
          sentinel.prove(session);
        } else {
          sentinel.check(session, due == Sentinel.Due.WHEN_IDLE);
        }
      } catch (RuntimeException defect) {
        log.error("{}: requests were not compared", thread.getName(), defect);
      }
      if (!mayTakeMore()) {
        return null;
      }
    }
  }

  private @Nullable Batch<PendingPiece> takeIdle() throws InterruptedException {
    sentinel.idle(1);
    try {
      return scheduler.take();
    } finally {
      sentinel.idle(-1);
    }
  }

  /** Ends what the sentinel runs. */
  void giveWay() {
    session.giveWay();
  }

  private synchronized void begin() {
    running = true;
    boolean _ = Thread.interrupted();
  }

  private synchronized boolean mayTakeMore() {
    running = false;
    return !leaving;
  }

  private void run(Batch<PendingPiece> batch) {
    long begin = ticker.nanoTime();
    long cpuNanos = sentinel.cpuNanos();
    busyShare.begin(begin);
    try {
      execution.execute(batch.items());
    } catch (Throwable defect) {
      // The pieces' own failures are theirs; an instance outlives whatever else goes wrong.
      log.error("{}: a batch of {} rows was lost", thread.getName(), batch.rows(), defect);
    } finally {
      long end = ticker.nanoTime();
      busyShare.end(end);
      sentinel.computedSince(cpuNanos);
      scheduler.completed(batch, end - begin);
    }
  }
}
