package io.onnxfleet.engine;

import io.onnxfleet.engine.catalog.RepositoryControl;
import io.onnxfleet.engine.loading.child.TrialOptions;
import io.onnxfleet.engine.proof.SentinelOptions;
import io.onnxfleet.engine.runtime.ExecutionProvider;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How an {@link InferenceEngine} is set up; {@link #defaults} says what is usual.
 *
 * @param repository folder of the models, in Triton's layout
 * @param cpus processors that the engine may keep busy, at least 1
 * @param executionProviders in order of preference
 * @param requiredProvider the only provider that will do, or null
 * @param providerOptions passed on to each provider by name
 * @param maxQueueSize requests that may wait for one model version where its configuration sets no
 *     bound, at least 1
 * @param maxQueueDelay how long the work that waits for one model version may take, by what its
 *     batches took lately, before more is refused; zero for no bound
 * @param maxRequestRows rows of the largest request; one above the model's batch size is split
 * @param maxPooledBytes tensor memory that is kept for later
 * @param maxTensorBytes tensor memory in use at once; what would exceed it is refused
 * @param memoryBudgetBytes what the weights of all models may take up
 * @param maxRunBytes what the runs of all models may take up, weights not counted, and each of them
 * @param drainTimeout how long unloading a version waits for what it has accepted
 * @param graphCache folder of optimised graphs, or null for one among the temporary files
 * @param maxGraphCacheBytes what it may take up; 0 keeps none
 * @param modelNotes folder of what was found out about models, or null for one beside the optimised
 *     graphs
 * @param modelCopies folder of the copies that models are opened from, or null for one beside the
 *     optimised graphs
 * @param measuresThreads whether splits of the CPUs into instances and threads are tried, for
 *     models that say what to try them on
 * @param control how the models come to be served
 * @param trial what an unknown model has to stand before it is loaded
 * @param sentinel how much is spent on comparing merged requests with the same requests alone
 * @param maxRunTime after which a run is terminated; zero for no limit
 * @param furtherRepositories folders of models besides; of one name the first folder's is served
 */
public record EngineOptions(
    Path repository,
    int cpus,
    List<ExecutionProvider> executionProviders,
    @Nullable ExecutionProvider requiredProvider,
    Map<ExecutionProvider, Map<String, String>> providerOptions,
    int maxQueueSize,
    Duration maxQueueDelay,
    int maxRequestRows,
    long maxPooledBytes,
    long maxTensorBytes,
    long memoryBudgetBytes,
    long maxRunBytes,
    Duration drainTimeout,
    @Nullable Path graphCache,
    long maxGraphCacheBytes,
    @Nullable Path modelNotes,
    @Nullable Path modelCopies,
    boolean measuresThreads,
    RepositoryControl control,
    TrialOptions trial,
    SentinelOptions sentinel,
    Duration maxRunTime,
    List<Path> furtherRepositories) {

  public EngineOptions {
    executionProviders = List.copyOf(executionProviders);
    providerOptions = Map.copyOf(providerOptions);
    furtherRepositories = List.copyOf(furtherRepositories);
    requireAtLeastOne("cpus", cpus);
    requireAtLeastOne("execution-providers", executionProviders.size());
    requireAtLeastOne("max-queue-size", maxQueueSize);
    if (maxQueueDelay.isNegative() || maxQueueDelay.compareTo(Duration.ofDays(1)) > 0) {
      throw new IllegalArgumentException(
          "max-queue-delay: " + maxQueueDelay + " (expected: 0 to 24 hours)");
    }
    requireAtLeastOne("max-request-rows", maxRequestRows);
    requireAtLeastOne("max-tensor-bytes", maxTensorBytes);
    requireAtLeastOne("memory-budget", memoryBudgetBytes);
    requireAtLeastOne("max-run-memory", maxRunBytes);
    if (requiredProvider != null && !executionProviders.contains(requiredProvider)) {
      throw new IllegalArgumentException(
          "required: %s (expected one of execution-providers %s)"
              .formatted(requiredProvider.label(), executionProviders));
    }
  }

  /**
   * On all processors' CPUs: 1,024 waiting requests a model, or half a minute's work, 512 MiB of
   * tensors kept, 4 GiB used, and no bound on weights and on what runs take.
   */
  public static EngineOptions defaults(Path repository) {
    int cpus = Runtime.getRuntime().availableProcessors();
    return new EngineOptions(
        repository,
        cpus,
        List.of(ExecutionProvider.CPU),
        null,
        Map.of(),
        1024,
        Duration.ofSeconds(30),
        4096,
        512L << 20,
        4L << 30,
        Long.MAX_VALUE,
        Long.MAX_VALUE / 4,
        Duration.ofSeconds(30),
        null,
        4L << 30,
        null,
        null,
        true,
        RepositoryControl.none(Math.min(cpus, RepositoryControl.MOST_LOADING_THREADS)),
        TrialOptions.off(),
        SentinelOptions.DEFAULT,
        Duration.ZERO,
        List.of());
  }

  /** Where notes about models are, or null for the usual place. */
  @Nullable Path notesFolder() {
    return modelNotes != null || graphCache == null ? modelNotes : graphCache.resolve("notes");
  }

  /** Where copies of models are made, or null for the usual place. */
  @Nullable Path copiesFolder() {
    return modelCopies != null || graphCache == null ? modelCopies : graphCache.resolve("copies");
  }

  /** The same with another folder of what was found out about models. */
  public EngineOptions withModelNotes(Path folder) {
    return new EngineOptions(
        repository,
        cpus,
        executionProviders,
        requiredProvider,
        providerOptions,
        maxQueueSize,
        maxQueueDelay,
        maxRequestRows,
        maxPooledBytes,
        maxTensorBytes,
        memoryBudgetBytes,
        maxRunBytes,
        drainTimeout,
        graphCache,
        maxGraphCacheBytes,
        folder,
        modelCopies,
        measuresThreads,
        control,
        trial,
        sentinel,
        maxRunTime,
        furtherRepositories);
  }

  private static void requireAtLeastOne(String name, long value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + ": " + value + " (expected: >= 1)");
    }
  }
}
