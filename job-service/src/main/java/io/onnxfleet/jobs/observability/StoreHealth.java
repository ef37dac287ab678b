package io.onnxfleet.jobs.observability;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.jobs.store.ObjectStore;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.stereotype.Component;

/**
 * Whether the store can be read, which its mark tells. Looks once in ten seconds at most, whoever
 * asks, and waits two. Not part of readiness: what is asked of the database alone is answered
 * without the store, and what needs it is answered 503. Thread-safe.
 */
@Component
final class StoreHealth implements HealthIndicator {
  private static final Duration GOOD_FOR = Duration.ofSeconds(10);
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private final ObjectStore store;
  private final InstantSource clock;

  @GuardedBy("this")
  private @Nullable FutureTask<Health> last;

  @GuardedBy("this")
  private Instant asked = Instant.MIN;

  StoreHealth(ObjectStore store, InstantSource clock) {
    this.store = store;
    this.clock = clock;
  }

  @Override
  public Health health() {
    try {
      return latest().get(PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException silent) {
      return down("no answer within %d s".formatted(PATIENCE.toSeconds()));
    } catch (ExecutionException failed) {
      return down(String.valueOf(failed.getMessage()));
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return Health.unknown().build();
    }
  }

  private synchronized FutureTask<Health> latest() {
    FutureTask<Health> known = last;
    boolean isGood =
        known != null && (!known.isDone() || clock.instant().isBefore(asked.plus(GOOD_FOR)));
    if (known == null || !isGood) {
      known = new FutureTask<>(this::look);
      last = known;
      asked = clock.instant();
      Thread.ofVirtual().name("store-health").start(known);
    }
    return known;
  }

  private Health look() throws Exception {
    return store.mark().isEmpty() ? down(store + " has no mark") : Health.up().build();
  }

  private static Health down(String reason) {
    return Health.down().withDetail("reason", reason).build();
  }
}
