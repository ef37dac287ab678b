package io.onnxfleet.engine;

import io.onnxfleet.engine.catalog.RepositoryControl;
import io.onnxfleet.engine.loading.child.TrialOptions;
import io.onnxfleet.engine.loading.open.KeptFiles;
import io.onnxfleet.engine.proof.SentinelOptions;
import io.onnxfleet.engine.repository.config.VersionLimits;
import io.onnxfleet.engine.runtime.ExecutionProvider;
import io.onnxfleet.engine.runtime.ExecutionProviders;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * How an {@link InferenceEngine} is set up; {@link #defaults} says what is usual. Each part is
 * handed to whoever it concerns as it is.
 *
 * @param repository where the models lie, and how they come to be served
 * @param processors that the engine may keep busy
 * @param providers what models run on
 * @param limits of each model version
 * @param memory that all of them may take up
 * @param kept where it is kept what was made of models
 * @param checks of what is unknown, and of what serves
 */
public record EngineOptions(
    Repository repository,
    Processors processors,
    ExecutionProviders providers,
    VersionLimits limits,
    Memory memory,
    KeptFiles kept,
    Checks checks) {

  public EngineOptions {
    requireAtLeastOne("execution-providers", providers.preferred().size());
    ExecutionProvider required = providers.required();
    if (required != null && !providers.preferred().contains(required)) {
      throw new IllegalArgumentException(
          "required: %s (expected one of execution-providers %s)"
              .formatted(required.label(), providers.preferred()));
    }
  }

  /**
   * Where the models lie, and how they come to be served.
   *
   * @param folder of the models, in Triton's layout
   * @param further folders of models besides; of one name the first folder's is served
   * @param control when they are loaded
   * @param drainTimeout how long unloading a version waits for what it has accepted
   */
  public record Repository(
      Path folder, List<Path> further, RepositoryControl control, Duration drainTimeout) {
    public Repository {
      further = List.copyOf(further);
    }

    /** The same with models that come to be served in another way. */
    public Repository with(RepositoryControl other) {
      return new Repository(folder, further, other, drainTimeout);
    }
  }

  /**
   * Processors that the engine may keep busy.
   *
   * @param count at least 1
   * @param splitsAreMeasured whether splits of them into instances and threads are tried, for
   *     models that say what to try them on
   */
  public record Processors(int count, boolean splitsAreMeasured) {
    public Processors {
      requireAtLeastOne("cpus", count);
    }
  }

  /**
   * What all models together may take up.
   *
   * @param maxPooledBytes tensor memory that is kept for later
   * @param maxTensorBytes tensor memory in use at once; what would exceed it is refused
   * @param weightBytes what the weights may take up
   * @param maxRunBytes what the runs may take up, weights not counted, and each of them
   */
  public record Memory(
      long maxPooledBytes, long maxTensorBytes, long weightBytes, long maxRunBytes) {
    public Memory {
      requireAtLeastOne("max-tensor-bytes", maxTensorBytes);
      requireAtLeastOne("memory-budget", weightBytes);
      requireAtLeastOne("max-run-memory", maxRunBytes);
    }

    /** The same with another bound on weights. */
    public Memory withWeights(long bytes) {
      return new Memory(maxPooledBytes, maxTensorBytes, bytes, maxRunBytes);
    }
  }

  /**
   * How models are looked at.
   *
   * @param trial what an unknown one has to stand before it is loaded
   * @param sentinel how much is spent on comparing merged requests with the same requests alone
   */
  public record Checks(TrialOptions trial, SentinelOptions sentinel) {}

  /**
   * On all processors' CPUs: 1,024 waiting requests a model, or half a minute's work, 512 MiB of
   * tensors kept, 4 GiB used, and no bound on weights and on what runs take.
   */
  public static EngineOptions defaults(Path repository) {
    int cpus = Runtime.getRuntime().availableProcessors();
    int loadingThreads = Math.min(cpus, RepositoryControl.MOST_LOADING_THREADS);
    return new EngineOptions(
        new Repository(
            repository, List.of(), RepositoryControl.none(loadingThreads), Duration.ofSeconds(30)),
        new Processors(cpus, true),
        ExecutionProviders.CPU,
        new VersionLimits(1024, Duration.ofSeconds(30), 4096, Duration.ZERO),
        new Memory(512L << 20, 4L << 30, Long.MAX_VALUE, Long.MAX_VALUE / 4),
        new KeptFiles(null, 4L << 30, null, null),
        new Checks(TrialOptions.off(), SentinelOptions.DEFAULT));
  }

  /** The same with models that come to be served in another way. */
  public EngineOptions with(RepositoryControl control) {
    return new EngineOptions(
        repository.with(control), processors, providers, limits, memory, kept, checks);
  }

  /** The same on other processors. */
  public EngineOptions with(Processors other) {
    return new EngineOptions(repository, other, providers, limits, memory, kept, checks);
  }

  /** The same with other limits of each version. */
  public EngineOptions with(VersionLimits other) {
    return new EngineOptions(repository, processors, providers, other, memory, kept, checks);
  }

  /** The same with other bounds of memory. */
  public EngineOptions with(Memory other) {
    return new EngineOptions(repository, processors, providers, limits, other, kept, checks);
  }

  /** The same with other places for what is kept. */
  public EngineOptions with(KeptFiles other) {
    return new EngineOptions(repository, processors, providers, limits, memory, other, checks);
  }

  /** The same with another trial of unknown models. */
  public EngineOptions with(TrialOptions trial) {
    return new EngineOptions(
        repository,
        processors,
        providers,
        limits,
        memory,
        kept,
        new Checks(trial, checks.sentinel()));
  }

  /** The same with another folder of what was found out about models. */
  public EngineOptions withModelNotes(Path folder) {
    return with(kept.withNotes(folder));
  }

  private static void requireAtLeastOne(String name, long value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + ": " + value + " (expected: >= 1)");
    }
  }
}
