package io.onnxfleet.inference.configuration;

import com.sun.management.OperatingSystemMXBean;
import io.onnxfleet.engine.EngineOptions;
import io.onnxfleet.engine.loading.open.KeptFiles;
import io.onnxfleet.engine.proof.SentinelOptions;
import io.onnxfleet.engine.repository.config.VersionLimits;
import io.onnxfleet.engine.runtime.ExecutionProvider;
import io.onnxfleet.engine.runtime.ExecutionProviders;
import io.onnxfleet.inference.source.FetchedModels;
import io.onnxfleet.inference.source.S3Access;
import io.onnxfleet.inference.source.Source;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.NestedConfigurationProperty;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * How this replica serves.
 *
 * @param models folder of the models, in Triton's layout
 * @param cpus processors to keep busy, at least 1; those of the container if not set
 * @param executionProviders in order of preference: {@code tensorrt}, {@code cuda}, {@code
 *     openvino}, {@code cpu}
 * @param required the only execution provider that will do: the start is refused on any other. Any
 *     of the list if not set
 * @param providerOptions options passed on to a provider: {@code provider-options.PROVIDER.NAME}
 * @param maxQueueSize requests that may wait for one model version where its configuration sets no
 *     bound, at least 1
 * @param maxQueueDelay how long the work that waits for one model version may take, by what its
 *     batches took lately, before more is refused; 0 for no bound, at most a day
 * @param maxRequestRows rows of the largest request, at least 1; one above the model's batch size
 *     is split where its rows are proven independent
 * @param maxConcurrentRequests requests that are decoded, waited for or encoded at once, at least 1
 * @param maxBodySize of a request, also after decompression; at least 1 KB, less than 2 GB
 * @param maxBodyMemory what the bodies of all requests may take up at once, after decompression; a
 *     sixth of the heap, but at least {@code max-body-size}, if not set
 * @param maxPooledMemory tensor memory that is kept for later; if not set 512 MB, or in a small
 *     container an eighth of what the process may have beside its heap
 * @param maxTensorMemory tensor memory in use at once; if not set 4 GB, or in a small container a
 *     quarter of what the process may have beside its heap
 * @param memoryBudget what the weights of all models may take up; a model that does not fit is not
 *     loaded. Three quarters of what the process may have beside its heap if not set
 * @param maxRunMemory what the runs of all models may take up beside weights and tensors; a run
 *     that would take more than that alone is refused. A quarter of what the process may have
 *     beside its heap if not set
 * @param defaultDeadline of requests that name none
 * @param drainTimeout how long a stopping replica waits for what it has accepted, and an unloaded
 *     model for what it runs
 * @param departureNotice how long a stopping replica still says that it is going away, so that
 *     gateways hear of it
 * @param graphCache folder where optimised models are kept for the next start and shared between
 *     replicas; one of this user among the temporary files if not set
 * @param maxGraphCache what they may take up; 0 keeps none
 * @param modelNotes folder of what was found out about models, kept for the next start and shared
 *     between replicas; beside the optimised models if not set
 * @param modelCopies folder of the copies that models are opened from, which go when they are
 *     closed; beside the optimised models if not set
 * @param threadBudget how the CPUs are split into instances of a model and threads of each: {@code
 *     measure} tries it once, on models with fixed shapes or a {@code model_warmup}; {@code fixed}
 *     does not
 * @param repository how models come to be served
 * @param trial what a model that was not seen before has to stand
 * @param sentinelShare share of the merged requests that is run again alone, to see that they were
 *     answered alike, 0 to 1; 0 for none
 * @param maxRunTime after which a run of a model is terminated and answered 504, at most a day; 0
 *     for no limit
 * @param sources archives (zip) and folders of further models, fetched before the start: the {@code
 *     url} (http, https, s3) and {@code sha256} of each
 * @param sourceCache where they are kept, also for other replicas; {@code .sources} in {@code
 *     models} if not set
 * @param maxSourceCache what they may take up, at least 1 MB; what is in use stays
 * @param s3 how object stores are reached
 */
@ConfigurationProperties("fleet.inference")
public record InferenceProperties(
    @DefaultValue("models") Path models,
    @Nullable Integer cpus,
    @DefaultValue("cpu") List<ExecutionProvider> executionProviders,
    @Nullable ExecutionProvider required,
    @Nullable Map<ExecutionProvider, Map<String, String>> providerOptions,
    @DefaultValue("1024") int maxQueueSize,
    @DefaultValue("30s") Duration maxQueueDelay,
    @DefaultValue("4096") int maxRequestRows,
    @DefaultValue("4096") int maxConcurrentRequests,
    @DefaultValue("64MB") DataSize maxBodySize,
    @Nullable DataSize maxBodyMemory,
    @Nullable DataSize maxPooledMemory,
    @Nullable DataSize maxTensorMemory,
    @Nullable DataSize memoryBudget,
    @Nullable DataSize maxRunMemory,
    @DefaultValue("5m") Duration defaultDeadline,
    @DefaultValue("30s") Duration drainTimeout,
    @DefaultValue("2s") Duration departureNotice,
    @Nullable Path graphCache,
    @DefaultValue("4GB") DataSize maxGraphCache,
    @Nullable Path modelNotes,
    @Nullable Path modelCopies,
    @DefaultValue("measure") ThreadBudget threadBudget,
    @NestedConfigurationProperty @DefaultValue RepositoryProperties repository,
    @NestedConfigurationProperty @DefaultValue TrialProperties trial,
    @DefaultValue("0.0005") double sentinelShare,
    @DefaultValue("60s") Duration maxRunTime,
    @DefaultValue List<Source> sources,
    @Nullable Path sourceCache,
    @DefaultValue("50GB") DataSize maxSourceCache,
    @NestedConfigurationProperty @DefaultValue S3Access s3) {

  /** How a model's share of the CPUs is split. */
  public enum ThreadBudget {
    /** As a short trial found fastest, where the model says what to try it on. */
    MEASURE,
    /** Into as many instances of one thread as there are CPUs, or as the model's folder says. */
    FIXED
  }

  private static final String PREFIX = "fleet.inference.";
  private static final long MOST_POOLED = DataSize.ofMegabytes(512).toBytes();
  private static final long LEAST_RUN_MEMORY = DataSize.ofMegabytes(16).toBytes();
  private static final long MOST_TENSORS = DataSize.ofGigabytes(4).toBytes();

  /** A byte of a body takes up to three while it is read; half of the heap is left to the rest. */
  private static final int HEAP_FOR_BODIES = 6;

  public InferenceProperties {
    executionProviders = List.copyOf(executionProviders);
    sources = List.copyOf(sources);
    requireAtLeast("max-source-cache", maxSourceCache.toBytes(), 1 << 20);
    providerOptions = providerOptions == null ? Map.of() : Map.copyOf(providerOptions);
    requireAtLeast("cpus", cpus == null ? 1 : cpus, 1);
    requireAtLeast("execution-providers", executionProviders.size(), 1);
    requireAtLeast("max-queue-size", maxQueueSize, 1);
    requireAtLeast("max-queue-delay", maxQueueDelay.toMillis(), 0);
    requireAtMost("max-queue-delay", maxQueueDelay.toMillis(), Duration.ofDays(1).toMillis());
    requireAtLeast("max-run-time", maxRunTime.toMillis(), 0);
    requireAtMost("max-run-time", maxRunTime.toMillis(), Duration.ofDays(1).toMillis());
    requireAtLeast("max-request-rows", maxRequestRows, 1);
    requireAtLeast("max-concurrent-requests", maxConcurrentRequests, 1);
    requireAtLeast("max-body-size", maxBodySize.toBytes(), 1 << 10);
    requireAtMost("max-body-size", maxBodySize.toBytes(), Integer.MAX_VALUE);
    if (maxBodyMemory == null) {
      maxBodyMemory =
          DataSize.ofBytes(
              Math.max(maxBodySize.toBytes(), Runtime.getRuntime().maxMemory() / HEAP_FOR_BODIES));
    }
    requireAtLeast("max-body-memory", maxBodyMemory.toBytes(), maxBodySize.toBytes());
    if (maxPooledMemory == null) {
      maxPooledMemory = DataSize.ofBytes(Math.min(MOST_POOLED, besideHeap() / 8));
    }
    if (maxTensorMemory == null) {
      maxTensorMemory =
          DataSize.ofBytes(
              Math.max(maxBodySize.toBytes(), Math.min(MOST_TENSORS, besideHeap() / 4)));
    }
    requireAtLeast("max-pooled-memory", maxPooledMemory.toBytes(), 0);
    requireAtLeast("max-tensor-memory", maxTensorMemory.toBytes(), maxBodySize.toBytes());
    requireAtLeast("memory-budget", memoryBudget == null ? 1 : memoryBudget.toBytes(), 1);
    requireAtLeast(
        "max-run-memory",
        maxRunMemory == null ? LEAST_RUN_MEMORY : maxRunMemory.toBytes(),
        LEAST_RUN_MEMORY);
    requireAtLeast("default-deadline", defaultDeadline.toMillis(), 1);
    requireAtLeast("drain-timeout", drainTimeout.toMillis(), 0);
    requireAtLeast("departure-notice", departureNotice.toMillis(), 0);
    if (!(sentinelShare >= 0 && sentinelShare <= 1)) {
      throw new IllegalArgumentException(
          "%ssentinel-share: %s (expected: 0 to 1)".formatted(PREFIX, sentinelShare));
    }
    requireAtLeast("max-graph-cache", maxGraphCache.toBytes(), 0);
    if (required != null && !executionProviders.contains(required)) {
      throw new IllegalArgumentException(
          "%srequired: %s (expected one of %s)"
              .formatted(PREFIX, required.label(), executionProviders));
    }
  }

  /** {@link #maxBodyMemory} in bytes. */
  public long bodyMemory() {
    return Objects.requireNonNull(maxBodyMemory).toBytes();
  }

  /** The models of {@link #sources}, fetched if they are not there. */
  public FetchedModels fetch() {
    return FetchedModels.of(
        sources,
        sourceCache == null ? models.resolve(".sources") : sourceCache,
        maxSourceCache.toBytes(),
        s3);
  }

  /** The same for the engine. */
  public EngineOptions engineOptions() {
    return engineOptions(List.of());
  }

  /**
   * The same for the engine.
   *
   * @param fetched folders of further models
   */
  public EngineOptions engineOptions(List<Path> fetched) {
    int processors = cpus == null ? Runtime.getRuntime().availableProcessors() : cpus;
    return new EngineOptions(
        new EngineOptions.Repository(
            absolute(models), fetched, repository.control(processors), drainTimeout),
        new EngineOptions.Processors(processors, threadBudget == ThreadBudget.MEASURE),
        new ExecutionProviders(
            executionProviders, required, providerOptions == null ? Map.of() : providerOptions),
        new VersionLimits(maxQueueSize, maxQueueDelay, maxRequestRows, maxRunTime),
        memory(),
        new KeptFiles(
            absoluteOrNull(graphCache),
            maxGraphCache.toBytes(),
            absoluteOrNull(modelNotes),
            absoluteOrNull(modelCopies)),
        new EngineOptions.Checks(trial.options(), sentinel()));
  }

  private EngineOptions.Memory memory() {
    return new EngineOptions.Memory(
        Objects.requireNonNull(maxPooledMemory).toBytes(),
        Objects.requireNonNull(maxTensorMemory).toBytes(),
        memoryBudget == null ? memoryForWeights() : memoryBudget.toBytes(),
        maxRunMemory == null
            ? Math.max(LEAST_RUN_MEMORY, besideHeap() / 4)
            : maxRunMemory.toBytes());
  }

  private static Path absolute(Path path) {
    return path.toAbsolutePath().normalize();
  }

  private static @Nullable Path absoluteOrNull(@Nullable Path path) {
    return path == null ? null : absolute(path);
  }

  private SentinelOptions sentinel() {
    SentinelOptions usual = SentinelOptions.DEFAULT;
    return new SentinelOptions(sentinelShare, usual.maxComputeShare(), usual.maxKeptBytes());
  }

  private static long memoryForWeights() {
    return Math.max(1, besideHeap() / 4 * 3);
  }

  /**
   * By the container's limit where there is one, which the JVM knows, else by the machine's memory.
   */
  private static long besideHeap() {
    long total =
        ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
            ? system.getTotalMemorySize()
            : Long.MAX_VALUE;
    return Math.max(0, total - Runtime.getRuntime().maxMemory());
  }

  private static void requireAtLeast(String key, long value, long least) {
    if (value < least) {
      throw new IllegalArgumentException(
          "%s%s: %d (expected: >= %d)".formatted(PREFIX, key, value, least));
    }
  }

  private static void requireAtMost(String key, long value, long most) {
    if (value > most) {
      throw new IllegalArgumentException(
          "%s%s: %d (expected: <= %d)".formatted(PREFIX, key, value, most));
    }
  }
}
