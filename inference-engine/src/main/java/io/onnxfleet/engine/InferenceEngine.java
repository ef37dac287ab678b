package io.onnxfleet.engine;

import io.onnxfleet.engine.catalog.ControlMode;
import io.onnxfleet.engine.catalog.ModelCatalog;
import io.onnxfleet.engine.catalog.ModelIndexEntry;
import io.onnxfleet.engine.catalog.OnDemandModels;
import io.onnxfleet.engine.catalog.OnDemandOptions;
import io.onnxfleet.engine.catalog.RepositoryControl;
import io.onnxfleet.engine.catalog.RepositoryWatch;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.instance.InstanceGroup;
import io.onnxfleet.engine.instance.ModelInterface;
import io.onnxfleet.engine.instance.ModelInterface.Port;
import io.onnxfleet.engine.instance.RowTerms;
import io.onnxfleet.engine.instance.RunMemory;
import io.onnxfleet.engine.instance.SentinelSamples;
import io.onnxfleet.engine.loading.ModelLoading;
import io.onnxfleet.engine.loading.open.KeptFiles;
import io.onnxfleet.engine.loading.open.LoadedVersion;
import io.onnxfleet.engine.loading.threads.InstancePlan;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.metrics.ModelStatistics;
import io.onnxfleet.engine.metrics.RunMemoryGauges;
import io.onnxfleet.engine.notes.Evidence;
import io.onnxfleet.engine.notes.ModelNotes;
import io.onnxfleet.engine.notes.Quarantine;
import io.onnxfleet.engine.notes.UnmergeableModels;
import io.onnxfleet.engine.repository.ContentDigest;
import io.onnxfleet.engine.repository.FolderModelRepository;
import io.onnxfleet.engine.repository.JoinedModelRepository;
import io.onnxfleet.engine.repository.ModelRepository;
import io.onnxfleet.engine.repository.config.DynamicBatching;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.request.InferenceResponse;
import io.onnxfleet.engine.request.PriorityLevels;
import io.onnxfleet.engine.request.Ticker;
import io.onnxfleet.engine.runtime.GraphCache;
import io.onnxfleet.engine.runtime.OnnxRuntime;
import io.onnxfleet.engine.runtime.PinnedHostMemory;
import io.onnxfleet.engine.runtime.ThreadTime;
import io.onnxfleet.engine.tensor.BufferPool;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves the models of a repository.
 *
 * <ul>
 *   <li>{@link #infer} never blocks; every answer completes exactly once.
 *   <li>Every queue and all tensor memory are bounded; what exceeds a bound is refused at once.
 *   <li>After {@link #drain} requests are refused, and what was accepted still finishes; {@link
 *       #close} then ends the sessions, never under a run.
 * </ul>
 *
 * <p>Thread-safe.
 */
public final class InferenceEngine implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(InferenceEngine.class);

  /** How late a waiting request may learn that its deadline has passed. */
  private static final Duration EXPIRY_INTERVAL = Duration.ofMillis(10);

  /** Memory that was not used for so long is given back. */
  private static final Duration IDLE = Duration.ofSeconds(15);

  private static final String SEEN_ELSEWHERE =
      "another replica saw an answer in company differ from that of the same request alone";

  private static final Duration IDLE_INTERVAL = Duration.ofSeconds(1);

  private final EngineOptions options;
  private final BufferPool pool;
  private final RunMemory memory;
  private final Ticker ticker;
  private final ModelCatalog catalog;
  private final Quarantine quarantine;
  private final ScheduledExecutorService clock;
  private final ModelRepository repository;
  private final UnmergeableModels unmergeable;
  private final @Nullable ScheduledExecutorService watch;
  private final @Nullable OnDemandModels onDemand;
  private final AtomicBoolean draining = new AtomicBoolean();
  private final AtomicBoolean closed = new AtomicBoolean();
  private volatile @Nullable CompletableFuture<Void> initialLoad;

  /** Belongs to the clock's thread. */
  private long trimmedAt;

  private InferenceEngine(
      EngineOptions options,
      InstanceGroup.Environment environment,
      ModelRepository repository,
      ModelCatalog catalog,
      Quarantine quarantine,
      UnmergeableModels unmergeable) {
    this.quarantine = quarantine;
    this.unmergeable = unmergeable;
    this.repository = repository;
    RepositoryControl control = options.repository().control();
    OnDemandOptions demand = control.onDemand();
    this.onDemand = demand.enabled() ? new OnDemandModels(catalog, demand) : null;
    this.watch =
        control.mode() == ControlMode.POLL
            ? Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().name("repository-watch").daemon().factory())
            : null;
    this.options = options;
    this.pool = environment.pool();
    this.memory = environment.memory();
    this.ticker = environment.ticker();
    this.catalog = catalog;
    this.trimmedAt = ticker.nanoTime();
    this.clock =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("engine-clock").daemon().factory());
  }

  /** An engine on ONNX Runtime and the system's clock; nothing is loaded until {@link #start}. */
  public static InferenceEngine create(EngineOptions options, EngineMetrics metrics) {
    EngineOptions.Memory bounds = options.memory();
    Ticker ticker = Ticker.system();
    InstanceGroup.Environment environment =
        new InstanceGroup.Environment(
            new BufferPool(
                bounds.maxPooledBytes(),
                bounds.maxTensorBytes(),
                PinnedHostMemory.of(options.providers().options())),
            ticker,
            metrics,
            new SentinelSamples(options.checks().sentinel(), ThreadTime.ofCaller()),
            new RunMemory(bounds.maxRunBytes(), ticker));
    KeptFiles kept = options.kept();
    ModelNotes notes = ModelNotes.open(kept.notesFolder());
    Evidence evidence = Evidence.collect(notes, kept.notesFolder());
    UnmergeableModels unmergeable = new UnmergeableModels(notes);
    GraphCache graphs = GraphCache.open(kept.graphCache(), kept.maxGraphCacheBytes());
    ModelLoading loading =
        ModelLoading.create(
            new OnnxRuntime(environment.pool(), graphs, bounds.maxRunBytes()),
            new InstancePlan(
                options.processors().count(),
                options.providers(),
                options.processors().splitsAreMeasured() ? notes : null),
            new ModelLoading.Limits(options.limits(), bounds.weightBytes(), graphs != null),
            new ModelLoading.Trial(options.checks().trial(), notes, kept),
            evidence,
            environment,
            unmergeable);
    ModelRepository repository = repository(options.repository());
    ModelCatalog catalog =
        ModelCatalog.create(
            repository,
            loading,
            metrics,
            options.repository().drainTimeout(),
            options.repository().control().loadingThreads(),
            ticker);
    return new InferenceEngine(
        options, environment, repository, catalog, evidence.quarantine(), unmergeable);
  }

  private static ModelRepository repository(EngineOptions.Repository options) {
    List<FolderModelRepository> folders =
        Stream.concat(Stream.of(options.folder()), options.further().stream())
            .map(FolderModelRepository::new)
            .toList();
    return folders.size() == 1 ? folders.getFirst() : new JoinedModelRepository(folders);
  }

  /**
   * Loads the models that are to be loaded at the start; completes when each is READY or
   * UNAVAILABLE. Called once.
   */
  public CompletableFuture<Void> start() {
    long interval = EXPIRY_INTERVAL.toNanos();
    var _ = clock.scheduleWithFixedDelay(this::expire, interval, interval, TimeUnit.NANOSECONDS);
    long look = IDLE_INTERVAL.toMillis();
    var _ = clock.scheduleWithFixedDelay(this::giveBackIdle, look, look, TimeUnit.MILLISECONDS);
    RepositoryControl control = options.repository().control();
    CompletableFuture<Void> load = catalog.load(control::loadsAtStart);
    initialLoad = load;
    if (watch != null) {
      RepositoryWatch changes =
          new RepositoryWatch(repository, catalog, ticker, control.settleTime());
      long millis = control.pollInterval().toMillis();
      var _ = watch.scheduleWithFixedDelay(() -> look(changes), 0, millis, TimeUnit.MILLISECONDS);
    }
    return load;
  }

  /** Calls back after each change of what is READY, and of what is merged. */
  public void onChange(Runnable listener) {
    catalog.onChange(listener);
    unmergeable.onFind(listener);
  }

  /**
   * A READY version of which a merged request was seen to be answered in another way than alone.
   *
   * @param content the first letters of the digest of its files
   */
  public record Unmergeable(String model, long version, String content) {}

  /** All of them, also those of which other replicas told. */
  public List<Unmergeable> unmergeable() {
    return catalog.readyVersions().stream()
        .filter(loaded -> !loaded.mergesAnyway())
        .filter(loaded -> unmergeable.reason(loaded.content()).isPresent())
        .map(
            loaded ->
                new Unmergeable(
                    loaded.id().model(), loaded.id().version(), loaded.content().brief()))
        .toList();
  }

  /**
   * No longer merges requests of what another replica saw to be answered in another way than alone.
   *
   * @param content the first letters of the digest of its files
   */
  public void stopMerging(String content) {
    for (LoadedVersion loaded : catalog.readyVersions()) {
      // The note may be there already: replicas of one machine share it.
      if (loaded.content().brief().equals(content)
          && !loaded.mergesAnyway()
          && loaded.stopMerging(SEEN_ELSEWHERE)) {
        log.error("{} is no longer merged: {}", loaded.id(), SEEN_ELSEWHERE);
        String reason = unmergeable.reason(loaded.content()).orElse(SEEN_ELSEWHERE);
        unmergeable.found(loaded.content(), reason);
      }
    }
  }

  /**
   * Runs a request.
   *
   * <p>The request's tensors are given up sooner or later, whatever happens. The answer completes
   * on a model instance's thread, so what depends on it should be asynchronous or brief. Cancelling
   * it takes the request out of the queue if it has not started.
   *
   * @return the response, which the caller closes, or an {@link InferenceException}
   */
  public CompletableFuture<InferenceResponse> infer(InferenceRequest request) {
    OnDemandModels demand = onDemand;
    String model = request.modelName();
    if (demand != null) {
      demand.used(model);
    }
    try {
      return accept(request);
    } catch (InferenceException refused) {
      if (demand == null || !demand.mayBring(model, refused)) {
        request.close();
        return CompletableFuture.failedFuture(refused);
      }
    }
    return demand
        .whenThere(
            model, request.deadline().remainingNanos(ticker.nanoTime()), () -> accept(request))
        .whenComplete(
            (answer, failure) -> {
              if (failure != null) {
                request.close();
              }
            });
  }

  /** As {@link #infer}, or the reason, the request untouched. */
  private CompletableFuture<InferenceResponse> accept(InferenceRequest request) {
    while (true) {
      requireOpen();
      LoadedVersion version = catalog.require(request.modelName(), request.modelVersion());
      CompletableFuture<InferenceResponse> answer = version.group().infer(request);
      if (answer != null) {
        return answer;
      }
      // It was replaced or unloaded since it was looked up; the catalog knows by what.
      Thread.onSpinWait();
    }
  }

  /**
   * Loads a model that loads on demand, if it is not loaded; who asks for this asks for the model
   * right afterwards.
   *
   * @return fails with an {@link InferenceException} if it cannot be had in time
   */
  public CompletableFuture<?> prepare(String model, Deadline deadline) {
    OnDemandModels demand = onDemand;
    if (demand == null || !catalog.isKnown(model) || !catalog.readyVersions(model).isEmpty()) {
      return CompletableFuture.completedFuture(null);
    }
    demand.used(model);
    return demand.whenThere(
        model,
        deadline.remainingNanos(ticker.nanoTime()),
        () -> {
          requireOpen();
          return CompletableFuture.completedFuture(catalog.require(model, null));
        });
  }

  /**
   * Refuses what any request for that model would be refused for, so that nobody reads one.
   *
   * @throws InferenceException if the model or version is unknown, or takes no requests
   */
  public void requireAccepting(String model, @Nullable Long version) {
    requireOpen();
    try {
      var _ = catalog.require(model, version);
    } catch (InferenceException refused) {
      if (onDemand == null || !onDemand.mayBring(model, refused)) {
        throw refused;
      }
    }
  }

  /** Where requests' tensors are allocated. */
  public BufferPool bufferPool() {
    return pool;
  }

  /** What the runs of all models take. */
  public RunMemoryGauges runMemory() {
    return memory;
  }

  /** The clock that deadlines are measured by. */
  public Ticker ticker() {
    return ticker;
  }

  public EngineOptions options() {
    return options;
  }

  /**
   * True once the models of the start were tried and one is READY, or none had to be, and it is not
   * draining.
   */
  public boolean isReady() {
    CompletableFuture<Void> load = initialLoad;
    return !draining.get()
        && load != null
        && load.isDone()
        && !load.isCompletedExceptionally()
        && (!catalog.readyVersions().isEmpty()
            || catalog.index().stream()
                .noneMatch(entry -> options.repository().control().loadsAtStart(entry.name())));
  }

  /**
   * True if the model (of that version, if one is named) takes requests.
   *
   * @throws InferenceException if there is no such model or version
   */
  public boolean isReady(String model, @Nullable Long version) {
    try {
      catalog.require(model, version);
      return !draining.get();
    } catch (InferenceException refused) {
      if (loadsOnDemand(model, version)) {
        return !draining.get();
      }
      if (refused.code() == ErrorCode.MODEL_NOT_FOUND) {
        throw refused;
      }
      return false;
    }
  }

  private boolean loadsOnDemand(String model, @Nullable Long version) {
    return onDemand != null
        && catalog.index().stream()
            .filter(entry -> entry.name().equals(model) && entry.version() != null)
            .map(entry -> Objects.requireNonNull(entry.version()))
            .filter(known -> version == null || version.equals(known))
            .anyMatch(known -> catalog.mayLoad(model, known));
  }

  /**
   * What a caller may know of a model.
   *
   * @param version null for the highest READY one
   * @throws InferenceException if it is unknown or not READY
   */
  public ModelMetadata metadata(String model, @Nullable Long version) {
    LoadedVersion loaded = catalog.require(model, version);
    ModelInterface shown = loaded.group().model();
    return new ModelMetadata(
        model,
        catalog.readyVersions(model).stream().map(ready -> ready.id().version()).toList(),
        loaded.id().version(),
        ModelMetadata.PLATFORM,
        shown.inputs().stream().map(Port::spec).toList(),
        shown.outputs().stream().map(Port::spec).toList(),
        shown.maxBatchSize(),
        loaded.executionProvider().label(),
        loaded.execution().notes(),
        loaded.execution().nodes(),
        loaded.group().instances(),
        loaded.config().parameters(),
        loaded.folder(),
        loaded.group(),
        loaded.content(),
        loaded.labels());
  }

  /**
   * Whether the first dimension of a version's inputs counts rows.
   *
   * @param version null for the highest READY one
   * @throws InferenceException if it is unknown or not READY
   */
  public boolean hasRows(String model, @Nullable Long version) {
    return catalog.require(model, version).group().model().maxBatchSize() > 0;
  }

  /**
   * In which levels requests wait for a version; one level as long as it is not READY.
   *
   * @param version null for the highest READY one
   */
  public PriorityLevels priorityLevels(String model, @Nullable Long version) {
    DynamicBatching batching =
        catalog.readyVersions(model).reversed().stream()
            .filter(ready -> version == null || ready.id().version() == version)
            .findFirst()
            .map(ready -> ready.config().dynamicBatching())
            .orElse(null);
    return batching == null || batching.priorityLevels() == 0
        ? PriorityLevels.ONE
        : new PriorityLevels(batching.priorityLevels(), batching.defaultPriorityLevel());
  }

  /**
   * What a version's files were when it was loaded.
   *
   * @param version null for the highest READY one
   * @return empty if it is not READY
   */
  public Optional<ContentDigest> content(String model, @Nullable Long version) {
    return catalog.readyVersions(model).reversed().stream()
        .filter(ready -> version == null || ready.id().version() == version)
        .findFirst()
        .map(LoadedVersion::content);
  }

  /** The model's complete configuration in Triton's JSON. */
  public String configJson(String model, @Nullable Long version) {
    LoadedVersion loaded = catalog.require(model, version);
    RowTerms rows = loaded.group().rowTerms();
    return loaded.config().toJson(rows.reason(), rows.merged() || rows.isIndependent());
  }

  /** True if a version is not READY, and a request for it would load it. */
  public boolean loadsOnDemand(String model, long version) {
    return onDemand != null && catalog.mayLoad(model, version);
  }

  /** True if the model is known, and takes no requests before somebody changes it. */
  public boolean cannotServe(String model) {
    return catalog.cannotServe(model);
  }

  /** Every model and version that is known, with its state. */
  public List<ModelIndexEntry> index() {
    return catalog.index();
  }

  /**
   * The counters of the READY versions.
   *
   * @param model null for all models
   * @param version null for all of the model's
   * @throws InferenceException if the model or version is named and unknown or not READY
   */
  public List<ModelStatistics> statistics(@Nullable String model, @Nullable Long version) {
    List<LoadedVersion> versions;
    if (model == null) {
      versions = catalog.readyVersions();
    } else if (version == null) {
      catalog.require(model, null);
      versions = catalog.readyVersions(model);
    } else {
      versions = List.of(catalog.require(model, version));
    }
    return versions.stream().map(loaded -> loaded.group().statistics()).toList();
  }

  /** The versions of known models that are not loaded, because they ended a process. */
  public List<Quarantine.Entry> quarantined() {
    return quarantine.entries().stream()
        .filter(entry -> catalog.isKnown(entry.id().model()))
        .filter(entry -> !isReplaced(entry))
        .toList();
  }

  /** True if other files take its place and serve. */
  private boolean isReplaced(Quarantine.Entry entry) {
    return catalog.readyVersions(entry.id().model()).stream()
        .anyMatch(
            ready ->
                ready.id().equals(entry.id())
                    && !ready.content().version().equals(entry.content()));
  }

  /**
   * Loads a model, or loads it anew, beside what serves now. What it is quarantined for is
   * forgotten.
   */
  public CompletableFuture<Void> load(String model) {
    boolean isQuarantined =
        quarantined().stream().anyMatch(entry -> entry.id().model().equals(model));
    return change(() -> catalog.load(model), isQuarantined);
  }

  /** Unloads a model once what it has accepted is done. */
  public CompletableFuture<Void> unload(String model) {
    return change(() -> catalog.unload(model), false);
  }

  private CompletableFuture<Void> change(
      Supplier<CompletableFuture<Void>> change, boolean inAnyMode) {
    if (draining.get()) {
      return CompletableFuture.failedFuture(goingAway());
    }
    if (watch != null && !inAnyMode) {
      return CompletableFuture.failedFuture(
          new InferenceException(
              ErrorCode.UNSUPPORTED_FEATURE,
              "load and unload: the repository's mode is poll, which follows what lies there"
                  + " (expected: none or explicit)"));
    }
    return change.get();
  }

  /** Refuses requests from now on; what was accepted goes on. */
  public void drain() {
    draining.set(true);
  }

  /** Drains, waits for what was accepted up to the drain timeout, then closes all sessions. */
  @Override
  public void close() {
    drain();
    if (closed.compareAndSet(false, true)) {
      if (watch != null) {
        watch.close();
      }
      catalog.close();
      clock.shutdown();
    }
  }

  private static void look(RepositoryWatch changes) {
    try {
      changes.look();
    } catch (RuntimeException failure) {
      log.error("the repository was not looked at", failure);
    }
  }

  private void expire() {
    for (LoadedVersion version : catalog.readyVersions()) {
      try {
        version.group().expire();
      } catch (RuntimeException failure) {
        log.error("{}: expired requests were not dropped", version.id(), failure);
      }
    }
  }

  private void giveBackIdle() {
    try {
      memory.shrinkIdle(IDLE);
      if (ticker.nanoTime() - trimmedAt > IDLE.toNanos()) {
        trimmedAt = ticker.nanoTime();
        pool.trim();
      }
    } catch (RuntimeException failure) {
      log.error("idle memory was not given back", failure);
    }
  }

  private void requireOpen() {
    if (draining.get()) {
      throw goingAway();
    }
  }

  private static InferenceException goingAway() {
    return new InferenceException(ErrorCode.SHUTTING_DOWN, "this replica is going away");
  }
}
