package io.onnxfleet.engine.instance;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Ticker;
import io.onnxfleet.engine.runtime.ModelSession;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Tensor;
import java.time.Duration;
import java.util.List;

/**
 * A session whose runs end after a time: {@link #expire} terminates one that takes longer. The run
 * then fails with {@link ErrorCode#DEADLINE_EXCEEDED}. Runs belong to one thread, {@link #expire}
 * and {@link #terminate} to any.
 */
final class TimedSession {
  private final ModelSession session;
  private final RunMemory.Account memory;
  private final Duration maxRunTime;
  private final Ticker ticker;

  @GuardedBy("this")
  private boolean running;

  @GuardedBy("this")
  private boolean overran;

  @GuardedBy("this")
  private long begin;

  @GuardedBy("this")
  private boolean givingWay;

  @GuardedBy("this")
  private boolean askedToGiveWay;

  /**
   * A session without a run.
   *
   * @param memory of the session; taken over
   * @param maxRunTime zero for no limit
   */
  TimedSession(ModelSession session, RunMemory.Account memory, Duration maxRunTime, Ticker ticker) {
    this.session = session;
    this.memory = memory;
    this.maxRunTime = maxRunTime;
    this.ticker = ticker;
  }

  /**
   * As {@link ModelSession#run}, or the failure that tells of the time. To wait for the memory that
   * the run takes is no part of it.
   */
  List<Tensor> run(List<NamedTensor> inputs, List<String> outputs) {
    try (RunMemory.Reservation _ = memory.reserve(inputs)) {
      return runNow(inputs, outputs);
    }
  }

  private List<Tensor> runNow(List<NamedTensor> inputs, List<String> outputs) {
    begin();
    boolean late = false;
    try {
      return session.run(inputs, outputs);
    } catch (InferenceException failure) {
      late = hasOverrun();
      if (!late) {
        throw failure;
      }
    } finally {
      end();
    }
    throw new InferenceException(
        ErrorCode.DEADLINE_EXCEEDED,
        "the model ran for more than %d ms (expected: <= that, max-run-time)"
            .formatted(maxRunTime.toMillis()));
  }

  /**
   * As {@link #run}, but {@link #giveWay} ends it.
   *
   * @throws InferenceException with {@link ErrorCode#CANCELLED} if it did
   */
  List<Tensor> runGivingWay(List<NamedTensor> inputs, List<String> outputs) {
    try {
      return run(inputs, outputs);
    } catch (InferenceException failure) {
      if (gaveWay()) {
        throw new InferenceException(ErrorCode.CANCELLED, "the run gave way to a request");
      }
      throw failure;
    }
  }

  /** From now on until {@link #keepTheWay} a run may be ended by {@link #giveWay}. */
  synchronized void mayGiveWay() {
    givingWay = true;
    askedToGiveWay = false;
  }

  /** Runs are whole again. */
  synchronized void keepTheWay() {
    givingWay = false;
    askedToGiveWay = false;
  }

  /** Ends a run that gives way, or keeps it from beginning; does nothing to any other. */
  synchronized void giveWay() {
    if (givingWay && !askedToGiveWay) {
      askedToGiveWay = true;
      if (running) {
        session.terminate();
      }
    }
  }

  /** True if the last run that might give way was asked to. */
  synchronized boolean gaveWay() {
    return askedToGiveWay;
  }

  private synchronized void begin() {
    if (givingWay && askedToGiveWay) {
      throw new InferenceException(ErrorCode.CANCELLED, "a request came before the run began");
    }
    begin = ticker.nanoTime();
    overran = false;
    running = true;
  }

  private synchronized boolean hasOverrun() {
    return overran;
  }

  private synchronized void end() {
    running = false;
  }

  /** Terminates a run that has taken too long. */
  synchronized void expire() {
    if (running
        && !overran
        && !maxRunTime.isZero()
        && ticker.nanoTime() - begin > maxRunTime.toNanos()) {
      overran = true;
      session.terminate();
    }
  }

  void terminate() {
    memory.terminate();
    session.terminate();
  }

  RunMemory.Account memory() {
    return memory;
  }

  @SuppressWarnings("ReferenceEquality") // a session is the one that was opened, whatever it holds
  boolean isOf(ModelSession other) {
    return session == other;
  }

  void close() {
    memory.close();
    session.close();
  }
}
