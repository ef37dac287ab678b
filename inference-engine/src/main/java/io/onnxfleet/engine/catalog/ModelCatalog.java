package io.onnxfleet.engine.catalog;

import io.onnxfleet.engine.crash.ThreadNames;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.loading.ModelLoading;
import io.onnxfleet.engine.loading.open.LoadedVersion;
import io.onnxfleet.engine.loading.open.VersionLoader;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.metrics.ModelVersionId;
import io.onnxfleet.engine.repository.ModelFiles;
import io.onnxfleet.engine.repository.ModelFolder;
import io.onnxfleet.engine.repository.ModelFolder.Version;
import io.onnxfleet.engine.repository.ModelRepository;
import io.onnxfleet.engine.repository.ModelStamp;
import io.onnxfleet.engine.repository.config.reading.DeclaredConfig;
import io.onnxfleet.engine.request.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models of a repository and their versions' states: loads, replaces and unloads them.
 *
 * <ul>
 *   <li>A version takes requests only once every instance is warm.
 *   <li>A version that is loaded anew replaces the old one only when it is ready; the old one then
 *       drains. One that fails to load leaves the old one in place.
 *   <li>A version of which only the instances have changed gets or loses some, and goes on.
 *   <li>What fails to load is listed UNAVAILABLE with its reason; the rest serve.
 *   <li>Changes of one model happen in the order in which they were asked for, of several at once,
 *       as many as there are loading threads.
 * </ul>
 *
 * <p>Thread-safe.
 */
public final class ModelCatalog {
  private static final Logger log = LoggerFactory.getLogger(ModelCatalog.class);

  private final ModelRepository repository;
  private final VersionLoader loader;
  private final EngineMetrics metrics;
  private final Duration drainTimeout;
  private final ExecutorService executor;
  private final BiConsumer<Duration, Runnable> later;
  private final Ticker ticker;
  private final Map<String, ModelEntry> entries = new ConcurrentHashMap<>();

  /** The last change that was asked for of each model, if it is not done. */
  private final Map<String, CompletableFuture<Void>> changes = new ConcurrentHashMap<>();

  /** What each model's files were when its last load began. */
  private final Map<String, ModelStamp> stamps = new ConcurrentHashMap<>();

  /** Versions that are tried again after a pause, one try of each at a time. */
  private final Set<ModelVersionId> retrying = ConcurrentHashMap.newKeySet();

  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
  private volatile boolean scanned;
  private volatile @Nullable OnDemandModels onDemand;

  /** A catalog that knows nothing until {@link #loadAll}. */
  ModelCatalog(
      ModelRepository repository,
      VersionLoader loader,
      EngineMetrics metrics,
      Duration drainTimeout,
      int loadingThreads,
      Ticker ticker) {
    this(
        repository,
        loader,
        metrics,
        drainTimeout,
        loadingThreads,
        ticker,
        (pause, task) ->
            CompletableFuture.delayedExecutor(pause.toMillis(), TimeUnit.MILLISECONDS)
                .execute(task));
  }

  /**
   * A catalog that knows nothing until {@link #loadAll}.
   *
   * @param later runs a task after a pause
   */
  ModelCatalog(
      ModelRepository repository,
      VersionLoader loader,
      EngineMetrics metrics,
      Duration drainTimeout,
      int loadingThreads,
      Ticker ticker,
      BiConsumer<Duration, Runnable> later) {
    this.later = later;
    this.ticker = ticker;
    this.repository = repository;
    this.loader = loader;
    this.metrics = metrics;
    this.drainTimeout = drainTimeout;
    this.executor =
        Executors.newFixedThreadPool(
            loadingThreads, Thread.ofPlatform().name("model-loader-", 0).daemon().factory());
  }

  /**
   * A catalog whose versions are served as {@link ModelLoading} brings them to it.
   *
   * @param drainTimeout how long unloading waits for what was accepted
   * @param loadingThreads models that load at once, at least 1
   */
  public static ModelCatalog create(
      ModelRepository repository,
      ModelLoading loading,
      EngineMetrics metrics,
      Duration drainTimeout,
      int loadingThreads,
      Ticker ticker) {
    ModelCatalog catalog =
        new ModelCatalog(
            repository, loading.versions(), metrics, drainTimeout, loadingThreads, ticker);
    loading.roomMaker(catalog::makeRoomFor);
    loading.onQuarantine(catalog::quarantined);
    return catalog;
  }

  /** Calls back after each change of what is READY, on the thread that made it. */
  public void onChange(Runnable listener) {
    listeners.add(listener);
  }

  /** Loads every model of the repository; completes when each is READY or UNAVAILABLE. */
  public CompletableFuture<Void> loadAll() {
    return load(name -> true);
  }

  /**
   * Lists the models of the repository and loads those that are chosen; completes when each of them
   * is READY or UNAVAILABLE.
   */
  public CompletableFuture<Void> load(Predicate<String> chosen) {
    return CompletableFuture.supplyAsync(repository::scan, executor)
        .thenCompose(
            folders -> {
              List<CompletableFuture<Void>> loads = new ArrayList<>();
              folders.forEach(folder -> entry(folder.name()));
              scanned = true;
              for (ModelFolder folder : folders) {
                if (chosen.test(folder.name())) {
                  entry(folder.name()).problem("waits for a loading thread");
                  loads.add(change(folder.name(), () -> loadQuietly(folder)));
                } else {
                  list(folder);
                }
              }
              return CompletableFuture.allOf(loads.toArray(CompletableFuture[]::new));
            });
  }

  private void list(ModelFolder folder) {
    ModelEntry entry = entry(folder.name());
    entry.problem(folder.problem());
    folder.servedVersions().forEach(version -> entry.listed(version.number()));
  }

  /** Asks it for room, and tells it of loads, from now on. */
  void onDemand(OnDemandModels models) {
    onDemand = models;
  }

  private boolean makeRoomFor(String name) {
    OnDemandModels models = onDemand;
    return models != null && models.makeRoomFor(name);
  }

  /** Loads a model unless it is loaded, for a request that waits. */
  CompletableFuture<Void> bring(String name) {
    return change(
        name,
        () -> {
          if (readyVersions(name).isEmpty()) {
            load(find(name), false);
          }
        });
  }

  /**
   * Unloads a model on a thread of its own, so that those that load may wait for it.
   *
   * @param mayLeave asked once changes that were asked for before are done
   */
  CompletableFuture<Void> evict(String name, BooleanSupplier mayLeave) {
    return change(
        name,
        () -> {
          ModelEntry entry = require(name);
          if (mayLeave.getAsBoolean()) {
            entry.knownVersions().forEach(version -> unload(entry, version));
          }
        },
        task -> Thread.ofVirtual().name("model-eviction").start(task));
  }

  /** The models that take requests and are not being changed. */
  List<String> readyModels() {
    return entries.entrySet().stream()
        .filter(
            entry ->
                !changes.containsKey(entry.getKey()) && !entry.getValue().readyVersions().isEmpty())
        .map(Map.Entry::getKey)
        .toList();
  }

  /** True if the model was listed, whether it serves or not. */
  public boolean isKnown(String name) {
    return entries.containsKey(name);
  }

  /** True if a version is not loaded, and nothing is known that speaks against loading it. */
  public boolean mayLoad(String name, long version) {
    ModelEntry entry = entries.get(name);
    return entry != null && entry.mayLoad(version);
  }

  /** True once the repository was listed. */
  boolean isScanned() {
    return scanned;
  }

  /** What each model's files were when its last load began. */
  Map<String, ModelStamp> stamps() {
    return Map.copyOf(stamps);
  }

  /**
   * Brings a model to what the repository has now; versions whose files and configuration are the
   * same are left alone.
   *
   * @return fails with an {@link InferenceException} as {@link #load}
   */
  CompletableFuture<Void> update(String name) {
    return change(name, () -> load(find(name), false));
  }

  /** Unloads a model and lists it no more. */
  CompletableFuture<Void> forget(String name) {
    return change(
        name,
        () -> {
          ModelEntry entry = entries.get(name);
          if (entry != null) {
            entry.knownVersions().forEach(version -> unload(entry, version));
            entries.remove(name, entry);
            stamps.remove(name);
            tellListeners();
          }
        });
  }

  /**
   * Loads a model, or loads it anew, as the repository has it now. Where only its instances have
   * changed, they alone are. What it is quarantined for is forgotten.
   *
   * @return fails with an {@link InferenceException} if there is no such model or a version of it
   *     cannot be loaded
   */
  public CompletableFuture<Void> load(String name) {
    return change(
        name,
        () -> {
          ModelFolder folder = find(name);
          if (loader.lift(folder)) {
            tellListeners();
          }
          load(folder, true);
        });
  }

  /** Takes a version away that ended a process, without waiting for it. */
  void quarantined(ModelVersionId id, String reason) {
    var _ =
        change(
                id.model(),
                () -> {
                  ModelEntry entry = require(id.model());
                  unload(entry, id.version());
                  entry.failed(id.version(), reason, true);
                  tellListeners();
                })
            .exceptionally(
                failure -> {
                  log.warn("{} is quarantined, and still served", id, failure);
                  return null;
                });
  }

  private ModelFolder find(String name) {
    return repository
        .find(name)
        .orElseThrow(() -> new InferenceException(ErrorCode.MODEL_NOT_FOUND, unknown(name)));
  }

  /**
   * Unloads a model; completes when what it had accepted is done.
   *
   * @return fails with an {@link InferenceException} if there is no such model
   */
  public CompletableFuture<Void> unload(String name) {
    return change(
        name,
        () -> {
          ModelEntry entry = require(name);
          for (long version : entry.knownVersions()) {
            unload(entry, version);
          }
        });
  }

  /**
   * A version that takes requests.
   *
   * @param version null for the highest
   * @throws InferenceException if the model or the version is unknown or not READY
   */
  public LoadedVersion require(String name, @Nullable Long version) {
    return require(name).require(version);
  }

  /** The READY versions of a model, ascending; empty if it is unknown. */
  public List<LoadedVersion> readyVersions(String name) {
    ModelEntry entry = entries.get(name);
    return entry == null ? List.of() : entry.readyVersions();
  }

  /** All versions that take requests, by name and version. */
  public List<LoadedVersion> readyVersions() {
    List<LoadedVersion> ready = new ArrayList<>();
    sortedEntries().forEach(entry -> ready.addAll(entry.readyVersions()));
    return ready;
  }

  /** True if the model is known, and takes no requests before somebody changes it. */
  public boolean cannotServe(String name) {
    ModelEntry entry = entries.get(name);
    return entry != null && entry.cannotServe();
  }

  /** Every model and version that is known, by name and version. */
  public List<ModelIndexEntry> index() {
    List<ModelIndexEntry> index = new ArrayList<>();
    sortedEntries().forEach(entry -> index.addAll(entry.index()));
    return index;
  }

  /** Drains and unloads everything; no change may be asked for afterwards. */
  public void close() {
    List<CompletableFuture<Void>> unloads = new ArrayList<>();
    entries.keySet().forEach(name -> unloads.add(unload(name)));
    for (CompletableFuture<Void> unload : unloads) {
      unload
          .exceptionally(
              failure -> {
                log.warn("a model was not unloaded", failure);
                return null;
              })
          .join();
    }
    executor.shutdown();
    loader.close();
  }

  private void loadQuietly(ModelFolder folder) {
    try {
      load(folder, true);
    } catch (InferenceException failure) {
      log.debug("{} is not served: {}", folder.name(), failure.getMessage());
    }
  }

  /**
   * Loads the versions to be served, then unloads the others.
   *
   * @param anew whether also those that are loaded as they lie
   */
  private void load(ModelFolder folder, boolean anew) {
    ModelEntry entry = entry(folder.name());
    ModelStamp stamp = ModelStamp.of(folder);
    stamps.put(folder.name(), stamp);
    entry.problem(folder.problem());
    if (folder.problem() != null) {
      entry.failed(folder.problem());
      log.warn("model {} is not served: {}", folder.name(), folder.problem());
      throw new InferenceException(
          ErrorCode.MODEL_LOAD_FAILED, "model '%s': %s".formatted(folder.name(), folder.problem()));
    }
    Set<Long> served = new TreeSet<>();
    InferenceException failure = null;
    for (Version version : folder.servedVersions()) {
      served.add(version.number());
      try {
        load(entry, folder, version, stamp, anew);
      } catch (InferenceException failed) {
        failure = failed;
      }
    }
    if (failure != null) {
      // What was to be replaced goes on instead.
      throw failure;
    }
    for (long version : entry.knownVersions()) {
      if (!served.contains(version)) {
        unload(entry, version);
      }
    }
  }

  private void load(
      ModelEntry entry, ModelFolder folder, Version version, ModelStamp stamp, boolean anew) {
    ModelVersionId id = new ModelVersionId(folder.name(), version.number());
    LoadedVersion before = entry.loaded(version.number());
    ModelStamp beforeStamp = entry.stamp(version.number());
    boolean sameModel =
        before != null
            && beforeStamp != null
            && stamp.hasSameFiles(beforeStamp, version.number())
            && DeclaredConfig.isSameModel(stamp.config(), beforeStamp.config());
    boolean sameInstances =
        sameModel
            && DeclaredConfig.hasSameInstances(
                stamp.config(), Objects.requireNonNull(beforeStamp).config());
    if (sameInstances && !anew) {
      var _ = entry.ready(Objects.requireNonNull(before), stamp);
      return;
    }
    if (!anew && before != null && beforeStamp != null) {
      // Touched, linked or put there again; or for all that the times say, replaced.
      boolean same =
          DeclaredConfig.hasSameInstances(stamp.config(), beforeStamp.config())
              && loader.isSame(before, folder, version);
      if (same) {
        var _ = entry.ready(before, stamp);
        return;
      }
    }
    entry.loading(version.number());
    metrics.loadBegan(id);
    long begin = ticker.nanoTime();
    boolean succeeded = false;
    try {
      if (sameInstances || !sameModel || !rearrange(entry, before, folder, version, stamp)) {
        replace(entry, folder, version, stamp);
      }
      succeeded = true;
    } finally {
      metrics.loadEnded(id, succeeded, ticker.nanoTime() - begin);
    }
  }

  /** Changes the instances of a version that goes on; false if it has to be loaded anew. */
  private boolean rearrange(
      ModelEntry entry,
      @Nullable LoadedVersion before,
      ModelFolder folder,
      Version version,
      ModelStamp stamp) {
    if (before == null) {
      return false;
    }
    LoadedVersion rearranged;
    try {
      rearranged = loader.rearrange(before, folder, version);
    } catch (InferenceException failure) {
      entry.failed(version.number(), String.valueOf(failure.getMessage()), true);
      throw failure;
    }
    if (rearranged == null) {
      return false;
    }
    var _ = entry.ready(rearranged, stamp);
    tellListeners();
    return true;
  }

  private void replace(ModelEntry entry, ModelFolder folder, Version version, ModelStamp stamp) {
    ModelVersionId id = new ModelVersionId(folder.name(), version.number());
    LoadedVersion loaded;
    long begin = ticker.nanoTime();
    Thread thread = Thread.currentThread();
    String threadName = thread.getName();
    try {
      // A crash report names the thread, and by that the model.
      thread.setName(ThreadNames.loading(id));
      loaded = loader.load(folder, version, step -> entry.progress(version.number(), step));
    } catch (InferenceException failure) {
      Duration pause = failure.retryAfter();
      entry.failed(version.number(), String.valueOf(failure.getMessage()), pause == null);
      log.warn("{} is not served: {}", id, failure.getMessage());
      if (pause != null) {
        retryLater(id, pause);
      }
      throw failure;
    } catch (RuntimeException | Error failure) {
      entry.failed(version.number(), failure.toString(), true);
      log.error("{} is not served", id, failure);
      throw new InferenceException(ErrorCode.MODEL_LOAD_FAILED, id + ": " + failure, failure);
    } finally {
      thread.setName(threadName);
    }
    OnDemandModels models = onDemand;
    if (models != null) {
      models.loaded(id, ticker.nanoTime() - begin, ModelFiles.byteSize(version));
    }
    LoadedVersion replaced = entry.ready(loaded, stamp);
    metrics.versionReady(id, loaded.executionProvider().label(), loaded.group());
    tellListeners();
    if (replaced != null) {
      drain(replaced);
    }
  }

  /** Whatever the mode: that a version needs time is no reason to do without it. */
  private void retryLater(ModelVersionId id, Duration pause) {
    if (!retrying.add(id)) {
      return;
    }
    later.accept(
        pause,
        () -> {
          retrying.remove(id);
          ModelEntry entry = entries.get(id.model());
          if (entry != null && entry.isUnavailable(id.version()) && !executor.isShutdown()) {
            var _ =
                change(id.model(), () -> load(find(id.model()), false))
                    .exceptionally(
                        failure -> {
                          log.debug("{} still does not load", id, failure);
                          return null;
                        });
          }
        });
  }

  private void unload(ModelEntry entry, long version) {
    LoadedVersion loaded = entry.unloading(version);
    if (loaded != null) {
      metrics.versionUnloaded(loaded.id());
      tellListeners();
      drain(loaded);
    }
    entry.unloaded(version);
  }

  private void drain(LoadedVersion loaded) {
    try {
      loaded.group().drain(drainTimeout);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      log.warn("{} was not drained: interrupted", loaded.id());
    }
    loader.closed(loaded);
  }

  /**
   * Runs a change on a loading thread, after those of the same model that were asked for before.
   */
  private CompletableFuture<Void> change(String name, Runnable change) {
    return change(name, change, executor);
  }

  private CompletableFuture<Void> change(String name, Runnable change, Executor thread) {
    CompletableFuture<Void> done =
        changes.compute(
            name,
            (key, before) ->
                before == null
                    ? CompletableFuture.runAsync(change, thread)
                    : before.handle((result, failure) -> null).thenRunAsync(change, thread));
    var _ = done.whenComplete((result, failure) -> changes.remove(name, done));
    return done;
  }

  private ModelEntry entry(String name) {
    return entries.computeIfAbsent(name, ModelEntry::new);
  }

  private ModelEntry require(String name) {
    ModelEntry entry = entries.get(name);
    if (entry == null) {
      throw new InferenceException(
          scanned ? ErrorCode.MODEL_NOT_FOUND : ErrorCode.MODEL_NOT_READY,
          scanned
              ? unknown(name)
              : "model '%s' is not ready: the repository is being read".formatted(name));
    }
    return entry;
  }

  // Word for word what Triton says: its clients' tests look for it.
  private static String unknown(String name) {
    return "Request for unknown model: '%s' is not found".formatted(name);
  }

  private List<ModelEntry> sortedEntries() {
    return entries.entrySet().stream()
        .sorted(Map.Entry.comparingByKey(Comparator.naturalOrder()))
        .map(Map.Entry::getValue)
        .toList();
  }

  private void tellListeners() {
    for (Runnable listener : listeners) {
      try {
        listener.run();
      } catch (RuntimeException failure) {
        log.warn("a listener of the catalog failed", failure);
      }
    }
  }
}
