package io.onnxfleet.engine.catalog;

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
import java.util.function.Supplier;
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

  /**
   * How many wait for each model.
   *
   * <p>INVARIANT: a model leaves only if nobody waits for it when its turn to leave has come. Who
   * waits is counted before asking for the load, which therefore comes after that or prevents it.
   */
  private final Map<String, Integer> waiters = new ConcurrentHashMap<>();

  private final AtomicInteger waiting = new AtomicInteger();

  /** Of a catalog, which asks it for room from now on. */
  public OnDemandModels(ModelCatalog catalog, OnDemandOptions options) {
    this.catalog = catalog;
    this.options = options;
    catalog.onDemand(this);
  }

  /** A request for a model came, whether it is loaded or not. */
  public void used(String model) {
    if (catalog.isKnown(model)) {
      uses.used(model);
    }
  }

  /** True if what was refused may be had once the model is loaded. */
  public boolean mayBring(String model, InferenceException refused) {
    return refused.code() == ErrorCode.MODEL_NOT_READY && catalog.isKnown(model);
  }

  /**
   * Does what needs a model once it is loaded, and has it loaded; it does not leave before that is
   * begun.
   *
   * @param nanosLeft that the request has
   * @return what the use returns; fails with an {@link InferenceException}: what the use throws,
   *     {@link ErrorCode#MODEL_NOT_READY} with the reason if the model cannot be had in time,
   *     {@link ErrorCode#QUEUE_FULL} if too many wait
   */
  public <T> CompletableFuture<T> whenThere(
      String model, long nanosLeft, Supplier<CompletableFuture<T>> use) {
    return bring(model, Math.clamp(nanosLeft, 1, options.maxWait().toNanos()))
        .thenCompose(
            done -> {
              try {
                return use.get();
              } finally {
                unpin(model);
              }
            });
  }

  /** Loads a model unless it is being loaded; who is let through has it pinned. */
  private CompletableFuture<Void> bring(String model, long nanos) {
    if (waiting.incrementAndGet() > options.maxWaiting()) {
      waiting.decrementAndGet();
      return CompletableFuture.failedFuture(
          InferenceException.retryable(
              ErrorCode.QUEUE_FULL,
              "%d requests wait for models to load (expected: <= that)"
                  .formatted(options.maxWaiting()),
              Duration.ofSeconds(1)));
    }
    int _ = waiters.merge(model, 1, Integer::sum);
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

  private void unpin(String model) {
    Integer _ = waiters.computeIfPresent(model, (key, pins) -> pins == 1 ? null : pins - 1);
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
        catalog.cannotServe(model) ? ErrorCode.MODEL_CANNOT_SERVE : ErrorCode.MODEL_NOT_READY,
        "model '%s' is not ready: %s".formatted(model, cause.getMessage()));
  }

  /** What a load took. */
  void loaded(ModelVersionId id, long nanos, long byteSize) {
    uses.loaded(id.model(), nanos, byteSize);
  }

  private List<String> mayLeaveFor(String model) {
    return catalog.readyModels().stream()
        .filter(ready -> !ready.equals(model) && mayLeave(ready))
        .toList();
  }

  private boolean mayLeave(String model) {
    return !waiters.containsKey(model);
  }

  /**
   * Has one model leave, on the calling thread's time, unless somebody has come to wait for it
   * meanwhile; false if none may.
   */
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
      String leaving = victim.get();
      catalog
          .evict(leaving, () -> mayLeave(leaving))
          .get(LONGEST_EVICTION.toMillis(), TimeUnit.MILLISECONDS);
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
