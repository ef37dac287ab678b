package io.onnxfleet.engine;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.instance.InstanceGroup;
import io.onnxfleet.engine.instance.ModelInterface;
import io.onnxfleet.engine.instance.ModelInterface.Port;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.metrics.ModelStatistics;
import io.onnxfleet.engine.repository.FolderModelRepository;
import io.onnxfleet.engine.repository.InstancePlan;
import io.onnxfleet.engine.repository.LoadedVersion;
import io.onnxfleet.engine.repository.ModelCatalog;
import io.onnxfleet.engine.repository.ModelIndexEntry;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.request.InferenceResponse;
import io.onnxfleet.engine.request.Ticker;
import io.onnxfleet.engine.runtime.GraphCache;
import io.onnxfleet.engine.runtime.OnnxRuntime;
import io.onnxfleet.engine.tensor.BufferPool;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
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

  /** Loading is bound by memory and disk well before that. */
  private static final int MOST_LOADING_THREADS = 8;

  private final EngineOptions options;
  private final BufferPool pool;
  private final Ticker ticker;
  private final ModelCatalog catalog;
  private final ScheduledExecutorService clock;
  private final AtomicBoolean draining = new AtomicBoolean();
  private final AtomicBoolean closed = new AtomicBoolean();
  private volatile @Nullable CompletableFuture<Void> initialLoad;

  private InferenceEngine(
      EngineOptions options, BufferPool pool, Ticker ticker, ModelCatalog catalog) {
    this.options = options;
    this.pool = pool;
    this.ticker = ticker;
    this.catalog = catalog;
    this.clock =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("engine-clock").daemon().factory());
  }

  /** An engine on ONNX Runtime and the system's clock; nothing is loaded until {@link #start}. */
  public static InferenceEngine create(EngineOptions options, EngineMetrics metrics) {
    BufferPool pool = new BufferPool(options.maxPooledBytes(), options.maxTensorBytes());
    Ticker ticker = Ticker.system();
    GraphCache graphs = GraphCache.open(options.graphCache(), options.maxGraphCacheBytes());
    ModelCatalog catalog =
        ModelCatalog.create(
            new FolderModelRepository(options.repository()),
            new OnnxRuntime(pool, graphs),
            new InstancePlan(
                options.cpus(),
                options.executionProviders(),
                options.requiredProvider(),
                options.providerOptions(),
                options.measuresThreads() ? graphs : null),
            new ModelCatalog.Limits(
                options.maxQueueSize(),
                options.maxQueueDelay(),
                options.maxRequestRows(),
                options.drainTimeout(),
                Math.min(options.cpus(), MOST_LOADING_THREADS),
                options.memoryBudgetBytes(),
                graphs != null),
            new InstanceGroup.Environment(pool, ticker, metrics));
    return new InferenceEngine(options, pool, ticker, catalog);
  }

  /** Loads all models; completes when each is READY or UNAVAILABLE. Called once. */
  public CompletableFuture<Void> start() {
    long interval = EXPIRY_INTERVAL.toNanos();
    var _ = clock.scheduleWithFixedDelay(this::expire, interval, interval, TimeUnit.NANOSECONDS);
    CompletableFuture<Void> load = catalog.loadAll();
    initialLoad = load;
    return load;
  }

  /** Calls back after each change of what is READY. */
  public void onChange(Runnable listener) {
    catalog.onChange(listener);
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
    try {
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
    } catch (InferenceException refused) {
      request.close();
      return CompletableFuture.failedFuture(refused);
    }
  }

  /** Where requests' tensors are allocated. */
  public BufferPool bufferPool() {
    return pool;
  }

  /** The clock that deadlines are measured by. */
  public Ticker ticker() {
    return ticker;
  }

  public EngineOptions options() {
    return options;
  }

  /** True once all models were tried and one is READY, or there is none, and it is not draining. */
  public boolean isReady() {
    CompletableFuture<Void> load = initialLoad;
    return !draining.get()
        && load != null
        && load.isDone()
        && !load.isCompletedExceptionally()
        && (catalog.index().isEmpty() || !catalog.readyVersions().isEmpty());
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
      if (refused.code() == ErrorCode.MODEL_NOT_FOUND) {
        throw refused;
      }
      return false;
    }
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
        loaded.providerNotes(),
        loaded.group().instances(),
        loaded.config().parameters(),
        loaded.folder());
  }

  /** The model's complete configuration in Triton's JSON. */
  public String configJson(String model, @Nullable Long version) {
    return catalog.require(model, version).config().toJson();
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

  /** Loads a model, or loads it anew, beside what serves now. */
  public CompletableFuture<Void> load(String model) {
    return draining.get() ? CompletableFuture.failedFuture(goingAway()) : catalog.load(model);
  }

  /** Unloads a model once what it has accepted is done. */
  public CompletableFuture<Void> unload(String model) {
    return draining.get() ? CompletableFuture.failedFuture(goingAway()) : catalog.unload(model);
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
      catalog.close();
      clock.shutdown();
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

  private void requireOpen() {
    if (draining.get()) {
      throw goingAway();
    }
  }

  private static InferenceException goingAway() {
    return new InferenceException(ErrorCode.SHUTTING_DOWN, "this replica is going away");
  }
}
