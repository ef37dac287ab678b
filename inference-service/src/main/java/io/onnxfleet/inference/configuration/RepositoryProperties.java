package io.onnxfleet.inference.configuration;

import io.onnxfleet.engine.catalog.ControlMode;
import io.onnxfleet.engine.catalog.OnDemandOptions;
import io.onnxfleet.engine.catalog.RepositoryControl;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.NestedConfigurationProperty;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How the models of the repository come to be served.
 *
 * @param mode who says which models are served: {@code none} loads all at the start, {@code poll}
 *     also follows the folder, {@code explicit} loads what is asked for
 * @param startupModels what mode {@code explicit} loads at the start, {@code *} for all
 * @param pollInterval between two looks at the repository in mode {@code poll}, at least 10 ms
 * @param settleTime for which a model's files must have stayed the same before it is loaded
 * @param load when models load that the mode would load at the start: {@code eager}, or {@code
 *     on-demand} at their first request, where others leave when the memory budget is full
 * @param onDemand how requests wait for models that load on demand
 * @param loadingThreads models that load at once, at least 1; as many as CPUs, at most 8, if not
 *     set
 */
public record RepositoryProperties(
    @DefaultValue("none") ControlMode mode,
    @DefaultValue List<String> startupModels,
    @DefaultValue("500ms") Duration pollInterval,
    @DefaultValue("1s") Duration settleTime,
    @Nullable Integer loadingThreads,
    @DefaultValue("eager") Load load,
    @NestedConfigurationProperty @DefaultValue OnDemandProperties onDemand) {
  /** When models load. */
  public enum Load {
    EAGER,
    /** At their first request; others leave when the memory budget is full. */
    ON_DEMAND
  }

  private static final String PREFIX = "fleet.inference.repository.";

  public RepositoryProperties {
    startupModels = List.copyOf(startupModels);
    requireAtLeast("poll-interval", pollInterval.toMillis(), 10);
    requireAtLeast("settle-time", settleTime.toMillis(), 0);
    requireAtLeast("loading-threads", loadingThreads == null ? 1 : loadingThreads, 1);
    if (mode == ControlMode.POLL && load == Load.ON_DEMAND) {
      throw new IllegalArgumentException(
          PREFIX + "load: on-demand (expected eager where the mode is poll)");
    }
    if (mode != ControlMode.EXPLICIT && load == Load.EAGER && !startupModels.isEmpty()) {
      throw new IllegalArgumentException(
          "%sstartup-models: %s (expected none unless the mode is explicit or load is on-demand)"
              .formatted(PREFIX, startupModels));
    }
  }

  RepositoryControl control(int cpus) {
    return new RepositoryControl(
        mode,
        startupModels,
        pollInterval,
        settleTime,
        loadingThreads == null
            ? Math.min(cpus, RepositoryControl.MOST_LOADING_THREADS)
            : loadingThreads,
        new OnDemandOptions(load == Load.ON_DEMAND, onDemand.maxWait(), onDemand.maxWaiting()));
  }

  private static void requireAtLeast(String key, long value, long least) {
    if (value < least) {
      throw new IllegalArgumentException(
          "%s%s: %d (expected: >= %d)".formatted(PREFIX, key, value, least));
    }
  }
}
