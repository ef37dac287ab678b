package io.onnxfleet.jobs.execution.slice;

import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.concurrent.Phaser;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Lines that are under way together. The first that fails keeps those from beginning that have not;
 * {@link #await} returns when none runs any more. Closing waits too, and hides nothing.
 */
final class LineGroup implements AutoCloseable {
  private final Executor threads;
  private final Phaser running = new Phaser(1);
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

  LineGroup(Executor threads) {
    this.threads = threads;
  }

  /** Nothing more begins. */
  void fail(Throwable reason) {
    failure.compareAndSet(null, reason);
  }

  boolean hasFailed() {
    return failure.get() != null;
  }

  /**
   * Runs it on another thread, unless one has failed; and what ends it in any case.
   *
   * @param last is run once, whatever happens
   */
  void begin(Callable<?> line, Runnable last) {
    running.register();
    boolean begun = false;
    try {
      threads.execute(
          () -> {
            try {
              if (!hasFailed()) {
                line.call();
              }
            } catch (Throwable failed) {
              fail(failed);
            } finally {
              last.run();
              running.arriveAndDeregister();
            }
          });
      begun = true;
    } finally {
      if (!begun) {
        last.run();
        running.arriveAndDeregister();
      }
    }
  }

  /** Waits for all of them; throws what the first one failed with. */
  void await() throws Exception {
    running.arriveAndAwaitAdvance();
    switch (failure.get()) {
      case null -> {}
      case Exception failed -> throw failed;
      case Error failed -> throw failed;
      case Throwable failed -> throw new IllegalStateException(failed);
    }
  }

  @Override
  public void close() {
    running.arriveAndAwaitAdvance();
  }
}
