package io.onnxfleet.engine.catalog;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.repository.ModelRepository;
import io.onnxfleet.engine.repository.ModelStamp;
import io.onnxfleet.engine.request.Ticker;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows what changes in a repository.
 *
 * <ul>
 *   <li>A change is followed once the model's files have stayed the same for the settle time, so
 *       that what is being written is not loaded; a folder or file that is moved into place is
 *       complete from the start.
 *   <li>What failed to load is tried again when its files change, not before.
 *   <li>A model that is gone is unloaded and forgotten, after the same time. A repository that
 *       cannot be read changes nothing.
 *   <li>Changes of a model that is still being changed wait for it.
 * </ul>
 *
 * <p>{@link #look} is called by one thread.
 */
public final class RepositoryWatch {
  private static final Logger log = LoggerFactory.getLogger(RepositoryWatch.class);

  private final ModelRepository repository;
  private final ModelCatalog catalog;
  private final Ticker ticker;
  private final long settleNanos;

  /** What was last asked of the catalog, by model. */
  private final Map<String, ModelStamp> followed = new HashMap<>();

  /** What was seen since and is not yet followed; a null stamp is a model that is gone. */
  private final Map<String, Sighting> pending = new HashMap<>();

  private final Set<String> changing = ConcurrentHashMap.newKeySet();
  private boolean begun;
  private boolean unreadable;

  private record Sighting(@Nullable ModelStamp stamp, long since) {}

  /** A watch of what comes after that which the catalog loads first. */
  public RepositoryWatch(
      ModelRepository repository, ModelCatalog catalog, Ticker ticker, Duration settleTime) {
    this.repository = repository;
    this.catalog = catalog;
    this.ticker = ticker;
    this.settleNanos = settleTime.toNanos();
  }

  /** Looks at the repository once, and asks for what has changed. */
  public void look() {
    if (!begun) {
      if (!catalog.isScanned()) {
        return;
      }
      followed.putAll(catalog.stamps());
      begun = true;
    }
    Map<String, ModelStamp> seen = new HashMap<>();
    try {
      repository.scan().forEach(folder -> seen.put(folder.name(), ModelStamp.of(folder)));
    } catch (InferenceException failure) {
      if (!unreadable) {
        log.warn("nothing is changed while the repository is unreadable: {}", failure.getMessage());
      }
      unreadable = true;
      return;
    }
    unreadable = false;
    Set<String> names = new TreeSet<>(seen.keySet());
    names.addAll(followed.keySet());
    long now = ticker.nanoTime();
    for (String name : names) {
      look(name, seen.get(name), now);
    }
    pending.keySet().retainAll(new HashSet<>(names));
  }

  /** True if what was asked for is done. */
  boolean isQuiet() {
    return changing.isEmpty();
  }

  private void look(String name, @Nullable ModelStamp stamp, long now) {
    if (Objects.equals(stamp, followed.get(name))) {
      pending.remove(name);
      return;
    }
    Sighting before = pending.get(name);
    if (before == null || !Objects.equals(stamp, before.stamp())) {
      before = new Sighting(stamp, now);
      pending.put(name, before);
    }
    if (now - before.since() >= settleNanos && changing.add(name)) {
      pending.remove(name);
      follow(name, stamp);
    }
  }

  private void follow(String name, @Nullable ModelStamp stamp) {
    CompletableFuture<Void> change;
    if (stamp == null) {
      log.info("model {} is gone from the repository", name);
      followed.remove(name);
      change = catalog.forget(name);
    } else {
      log.info("model {} has changed in the repository", name);
      followed.put(name, stamp);
      change = catalog.update(name);
    }
    var _ =
        change.whenComplete(
            (done, failure) -> {
              changing.remove(name);
              if (failure != null) {
                log.debug("model {} does not serve as it lies", name, failure);
              }
            });
  }
}
