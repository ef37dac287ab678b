package io.onnxfleet.engine.instance;

import io.onnxfleet.engine.batching.Batch;
import io.onnxfleet.engine.batching.BatchScheduler;
import io.onnxfleet.engine.metrics.BusyShare;
import io.onnxfleet.engine.request.Ticker;
import io.onnxfleet.engine.runtime.ModelSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One executor of a model version: a platform thread that takes batch after batch and runs it on
 * its own session, until the scheduler is closed and empty. Only that thread touches the session,
 * but for {@link #terminate()}.
 */
final class ModelInstance {
  private static final Logger log = LoggerFactory.getLogger(ModelInstance.class);

  private final ModelSession session;
  private final BatchExecution execution;
  private final BatchScheduler<PendingPiece> scheduler;
  private final BusyShare busyShare;
  private final Ticker ticker;
  private final Thread thread;

  /** An instance that is not yet started. */
  ModelInstance(
      String name,
      ModelSession session,
      BatchExecution execution,
      BatchScheduler<PendingPiece> scheduler,
      BusyShare busyShare,
      Ticker ticker) {
    this.session = session;
    this.execution = execution;
    this.scheduler = scheduler;
    this.busyShare = busyShare;
    this.ticker = ticker;
    this.thread = Thread.ofPlatform().name(name).daemon().unstarted(this::runBatches);
  }

  void start() {
    thread.start();
  }

  /** Makes a run that is under way fail soon. */
  void terminate() {
    session.terminate();
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
      Batch<PendingPiece> batch = scheduler.take();
      while (batch != null) {
        run(batch);
        batch = scheduler.take();
      }
    } catch (InterruptedException interrupted) {
      log.debug("{} was interrupted and ends", thread.getName());
    }
  }

  private void run(Batch<PendingPiece> batch) {
    long begin = ticker.nanoTime();
    busyShare.begin(begin);
    try {
      execution.execute(batch.items());
    } catch (Throwable defect) {
      // The pieces' own failures are theirs; an instance outlives whatever else goes wrong.
      log.error("{}: a batch of {} rows was lost", thread.getName(), batch.rows(), defect);
    } finally {
      long end = ticker.nanoTime();
      busyShare.end(end);
      scheduler.completed(batch, end - begin);
    }
  }
}
