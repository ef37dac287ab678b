package io.onnxfleet.engine.repository;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.metrics.ModelVersionId;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings models when they are asked for, and has others leave for them.
 *
 * <ul>
 *   <li>However many ask for a model, it is loaded once.
 *   <li>Who asks waits, up to a time; no more wait at once than the bound allows.
 *   <li>What leaves is what {@link ModelUses} finds least worth keeping of the models that nobody
 *       waits for; what it had accepted is finished.
 * </ul>
 *
 * <p>Thread-safe.
 */
public final class OnDemandModels {
  private static final Logger log = LoggerFactory.getLogger(OnDemandModels.class);
  private static final Duration LONGEST_EVICTION = Duration.ofMinutes(1);
  private static final Duration PAUSE = Duration.ofMillis(2);
  private static final int MOST_TRIES = 1000;

  private final ModelCatalog catalog;
  private final OnDemandOptions options;
  private final ModelUses uses = new ModelUses();
  private final Map<String, CompletableFuture<Void>> loads = new ConcurrentHashMap<>();
  private final Map<String, AtomicInteger> waiters = new ConcurrentHashMap<>();
  private final AtomicInteger waiting = new AtomicInteger();

  /** Of a catalog, which asks it for room from now on. */
  public OnDemandModels(ModelCatalog catalog, OnDemandOptions options) {
    this.catalog = catalog;
    this.options = options;
    catalog.onDemand(this);
  }

  /** A request for a model came, whether it is loaded or not. */
  public void used(String model) {
    uses.used(model);
  }

  /**
   * Loads a model unless it is loaded or being loaded.
   *
   * @param nanosLeft that the request has
   * @return completes when it takes requests; fails with an {@link InferenceException}: {@link
   *     ErrorCode#MODEL_NOT_READY} with the reason if it cannot be had in time, {@link
   *     ErrorCode#QUEUE_FULL} if too many wait
   */
  public CompletableFuture<Void> bring(String model, long nanosLeft) {
    if (!catalog.readyVersions(model).isEmpty()) {
      return CompletableFuture.completedFuture(null);
    }
    if (waiting.incrementAndGet() > options.maxWaiting()) {
      waiting.decrementAndGet();
      return CompletableFuture.failedFuture(
          InferenceException.retryable(
              ErrorCode.QUEUE_FULL,
              "%d requests wait for models to load (expected: <= that)"
                  .formatted(options.maxWaiting()),
              Duration.ofSeconds(1)));
    }
    AtomicInteger pins = waiters.computeIfAbsent(model, key -> new AtomicInteger());
    pins.incrementAndGet();
    long nanos = Math.max(1, Math.min(nanosLeft, options.maxWait().toNanos()));
    return load(model)
        .copy()
        .orTimeout(nanos, TimeUnit.NANOSECONDS)
        .handle(
            (done, failure) -> {
              waiting.decrementAndGet();
              if (failure != null) {
                unpin(model);
                throw refusal(model, failure);
              }
              return null;
            });
  }

  /** A request that {@link #bring} let through has found its model, or has gone. */
  public void arrived(String model) {
    unpin(model);
  }

  private void unpin(String model) {
    var _ =
        waiters.computeIfPresent(model, (key, pins) -> pins.decrementAndGet() <= 0 ? null : pins);
  }

  private CompletableFuture<Void> load(String model) {
    CompletableFuture<Void> load = new CompletableFuture<>();
    CompletableFuture<Void> before = loads.putIfAbsent(model, load);
    if (before != null) {
      return before;
    }
    var _ =
        catalog
            .bring(model)
            .whenComplete(
                (done, failure) -> {
                  loads.remove(model, load);
                  if (failure == null) {
                    load.complete(null);
                  } else {
                    load.completeExceptionally(failure);
                  }
                });
    return load;
  }

  private InferenceException refusal(String model, Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    if (cause instanceof TimeoutException) {
      return InferenceException.retryable(
          ErrorCode.MODEL_NOT_READY,
          "model '%s' is being loaded and not ready in time".formatted(model),
          Duration.ofSeconds(1));
    }
    if (cause instanceof InferenceException refused
        && refused.code() == ErrorCode.MODEL_NOT_FOUND) {
      return refused;
    }
    return new InferenceException(
        ErrorCode.MODEL_NOT_READY,
        "model '%s' is not ready: %s".formatted(model, cause.getMessage()));
  }

  /** What a load took. */
  void loaded(ModelVersionId id, long nanos, long byteSize) {
    uses.loaded(id.model(), nanos, byteSize);
  }

  private List<String> mayLeaveFor(String model) {
    return catalog.readyModels().stream()
        .filter(ready -> !ready.equals(model) && !waiters.containsKey(ready))
        .toList();
  }

  /** Has one model leave, on the calling thread's time; false if none may. */
  boolean makeRoomFor(String model) {
    Optional<String> victim = uses.leastValuable(mayLeaveFor(model));
    for (int tries = 0; victim.isEmpty() && tries < MOST_TRIES; tries++) {
      // Those that were waited for are about to be used.
      LockSupport.parkNanos(PAUSE.toNanos());
      victim = uses.leastValuable(mayLeaveFor(model));
    }
    if (victim.isEmpty()) {
      return false;
    }
    log.debug("{} leaves for {}", victim.get(), model);
    try {
      catalog.evict(victim.get()).get(LONGEST_EVICTION.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (ExecutionException | TimeoutException failure) {
      log.warn("{} did not leave for {}", victim.get(), model, failure);
      return false;
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
