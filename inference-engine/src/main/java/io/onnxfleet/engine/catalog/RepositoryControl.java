package io.onnxfleet.engine.catalog;

import java.time.Duration;
import java.util.List;

/**
 * How the models of a repository come to be served.
 *
 * @param startupModels what {@link ControlMode#EXPLICIT} loads at the start; {@value #ALL} for all
 * @param pollInterval between two looks at the repository, with {@link ControlMode#POLL}
 * @param settleTime for which a model's files must not have changed before it is loaded
 * @param loadingThreads models that load at once, at least 1
 * @param onDemand whether those that are not loaded at the start load when a request comes
 */
public record RepositoryControl(
    ControlMode mode,
    List<String> startupModels,
    Duration pollInterval,
    Duration settleTime,
    int loadingThreads,
    OnDemandOptions onDemand) {
  /** Loading is bound by memory and disk well before that. */
  public static final int MOST_LOADING_THREADS = 8;

  /** Stands for all models of the repository. */
  public static final String ALL = "*";

  public RepositoryControl {
    startupModels = List.copyOf(startupModels);
    if (pollInterval.toMillis() < 1) {
      throw new IllegalArgumentException("poll-interval: " + pollInterval + " (expected: >= 1 ms)");
    }
    if (settleTime.isNegative()) {
      throw new IllegalArgumentException("settle-time: " + settleTime + " (expected: >= 0)");
    }
    if (loadingThreads < 1) {
      throw new IllegalArgumentException(
          "loading-threads: " + loadingThreads + " (expected: >= 1)");
    }
  }

  /** All models load at the start, as many at once as given. */
  public static RepositoryControl none(int loadingThreads) {
    return new RepositoryControl(
        ControlMode.NONE,
        List.of(),
        Duration.ofSeconds(1),
        Duration.ofSeconds(1),
        loadingThreads,
        OnDemandOptions.off());
  }

  /** True if a model is to be loaded at the start. */
  public boolean loadsAtStart(String model) {
    return (mode != ControlMode.EXPLICIT && !onDemand.enabled())
        || startupModels.contains(ALL)
        || startupModels.contains(model);
  }
}
