package io.onnxfleet.jobs.observability;

import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessException;
import org.springframework.stereotype.Component;

/**
 * Asks the database for numbers when they are scraped. Who scrapes gives up after a few seconds,
 * long before a pool of connections does, and then there would be no metrics at all. So an answer
 * that is late is no number, and as long as it is still awaited nothing else is asked. Thread-safe.
 */
@Component
public final class DatabaseNumbers {
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private final Duration patience;

  /** What was asked last of all that was not answered in time. */
  private volatile @Nullable Future<Long> late;

  public DatabaseNumbers() {
    this(PATIENCE);
  }

  DatabaseNumbers(Duration patience) {
    this.patience = patience;
  }

  /** The answer; no number if the database does not give one soon. */
  public double ask(LongSupplier question) {
    Future<Long> awaited = late;
    if (awaited != null && !awaited.isDone()) {
      return Double.NaN;
    }
    FutureTask<Long> asked = new FutureTask<>(question::getAsLong);
    // Never interrupted: an embedded database closes its files where that happens.
    Thread.ofVirtual().name("database-number").start(asked);
    try {
      return asked.get(patience.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException silent) {
      late = asked;
      return Double.NaN;
    } catch (ExecutionException failed) {
      if (failed.getCause() instanceof DataAccessException) {
        return Double.NaN;
      }
      throw new IllegalStateException(failed.getCause());
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return Double.NaN;
    }
  }
}
