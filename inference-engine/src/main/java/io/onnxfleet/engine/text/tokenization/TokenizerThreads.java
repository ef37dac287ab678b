package io.onnxfleet.engine.text.tokenization;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;

/**
 * Platform threads that tokenize: native code would hold the few threads that carry all requests.
 * Short calls never wait for long ones, which have threads of their own and take turns there.
 *
 * <p>Bounded: {@value #MOST_CALLS} calls, and a thread a CPU for the short and half as many for the
 * long. Thread-safe. Once closed, calls are refused, and those under way are told so.
 */
public final class TokenizerThreads implements AutoCloseable {
  static final int MOST_CALLS = 4096;

  private final ExecutorService shortCalls;
  private final ExecutorService longCalls;
  private final Semaphore room = new Semaphore(MOST_CALLS);

  public TokenizerThreads(int cpus) {
    shortCalls = threads("tokenizer-", Math.max(1, cpus));
    longCalls = threads("tokenizer-long-", Math.max(1, cpus / 2));
  }

  private static ExecutorService threads(String name, int count) {
    return Executors.newFixedThreadPool(
        count, Thread.ofPlatform().name(name, 0).daemon().factory());
  }

  /**
   * Begins a call, which runs until it says that it is over.
   *
   * @throws InferenceException if too many are under way
   */
  public void begin(Call call, boolean isLong) {
    if (!room.tryAcquire()) {
      throw InferenceException.retryable(
          ErrorCode.QUEUE_FULL,
          "%d calls are being tokenized (expected: <= that)".formatted(MOST_CALLS),
          Duration.ofSeconds(1));
    }
    go(call, isLong ? longCalls : shortCalls);
  }

  private void go(Call call, ExecutorService threads) {
    try {
      threads.execute(
          () -> {
            if (call.takeTurn()) {
              room.release();
            } else {
              go(call, threads);
            }
          });
    } catch (RejectedExecutionException closed) {
      room.release();
      call.refused();
    }
  }

  @Override
  public void close() {
    shortCalls.shutdown();
    longCalls.shutdown();
  }

  /** What is done in turns, by one thread at a time. */
  public interface Call {
    /** Does a part of the work, and never throws; true if it is over. */
    boolean takeTurn();

    /** There will be no further turn. */
    void refused();
  }
}
