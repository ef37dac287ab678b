package io.onnxfleet.engine.loading.threads;

import io.onnxfleet.engine.notes.ModelNotes;
import io.onnxfleet.engine.repository.config.InstanceGroupConfig;
import io.onnxfleet.engine.repository.config.OptimizationConfig;
import io.onnxfleet.engine.repository.config.OptimizationConfig.Accelerator;
import io.onnxfleet.engine.repository.config.reading.DeclaredConfig;
import io.onnxfleet.engine.runtime.ExecutionProvider;
import io.onnxfleet.engine.runtime.ExecutionProviders;
import io.onnxfleet.engine.runtime.SessionOptions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How many sessions a model version gets, on what, with how many threads each.
 *
 * <p>Where the configuration leaves the count open: on a CPU as many instances of one thread as
 * there are CPUs, which a measurement found faster than one instance of many threads; on an
 * accelerator one a device. Where it names a count, the CPUs are divided among them. Immutable.
 *
 * @param cpus processors to keep busy
 * @param providers what runs the sessions where the configuration does not say
 * @param splits where splits of the CPUs that proved faster are noted, or null if none are tried
 */
public record InstancePlan(int cpus, ExecutionProviders providers, @Nullable ModelNotes splits) {

  /** Sessions to open, at least one; those that say so may be more once the provider is known. */
  public List<SessionOptions> sessionsFor(@Nullable DeclaredConfig config) {
    List<InstanceGroupConfig> groups = config == null ? List.of() : config.instanceGroups();
    SessionParameters parameters = SessionParameters.of(config);
    OptimizationConfig optimization =
        config == null ? OptimizationConfig.DEFAULT : config.optimization();
    if (groups.isEmpty()) {
      groups = List.of(new InstanceGroupConfig("", InstanceGroupConfig.Kind.MODEL, 0, List.of()));
    }
    int named = groups.stream().mapToInt(group -> Math.max(1, group.count())).sum();
    List<SessionOptions> sessions = new ArrayList<>();
    for (InstanceGroupConfig group : groups) {
      int threads =
          parameters.intraOpThreads().orElse(group.count() == 0 ? 1 : Math.max(1, cpus / named));
      List<Integer> devices = group.gpus().isEmpty() ? List.of(0) : group.gpus();
      for (int device : devices) {
        SessionOptions options = options(group, optimization, parameters, threads, device);
        sessions.addAll(Collections.nCopies(Math.max(1, group.count()), options));
      }
    }
    return sessions;
  }

  /**
   * The sessions besides the first, now that it is known where that one runs.
   *
   * @param wanted what {@link #sessionsFor} said
   */
  public List<SessionOptions> others(
      List<SessionOptions> wanted, boolean countIsOpen, ExecutionProvider chosen) {
    if (countIsOpen && chosen == ExecutionProvider.CPU) {
      int instances = Math.max(1, cpus / wanted.getFirst().intraOpThreads());
      return Collections.nCopies(instances - 1, wanted.getFirst());
    }
    return wanted.subList(1, wanted.size());
  }

  /**
   * The splits to try for a version, none if its configuration or the machine leaves no choice.
   *
   * @param wanted what {@link #sessionsFor} said
   */
  public List<ThreadBudget.Split> splitsFor(
      @Nullable DeclaredConfig config, List<SessionOptions> wanted, ExecutionProvider chosen) {
    boolean isUniform = wanted.stream().distinct().count() == 1;
    boolean isFixed = SessionParameters.of(config).intraOpThreads().isPresent();
    if (splits == null || cpus == 1 || chosen != ExecutionProvider.CPU || !isUniform || isFixed) {
      return List.of();
    }
    return ThreadBudget.candidates(cpus, isCountOpen(config) ? 0 : wanted.size());
  }

  /** The most sessions that a version may come to have. */
  public int mostSessionsFor(@Nullable DeclaredConfig config) {
    return isCountOpen(config) ? cpus : sessionsFor(config).size();
  }

  /** True if the configuration leaves the number of instances to the engine. */
  public static boolean isCountOpen(@Nullable DeclaredConfig config) {
    return config == null
        || config.instanceGroups().isEmpty()
        || (config.instanceGroups().size() == 1 && config.instanceGroups().getFirst().count() == 0);
  }

  private SessionOptions options(
      InstanceGroupConfig group,
      OptimizationConfig optimization,
      SessionParameters parameters,
      int threads,
      int device) {
    List<Accelerator> accelerators =
        switch (group.kind()) {
          case CPU -> optimization.cpuAccelerators();
          case AUTO, GPU, MODEL -> optimization.gpuAccelerators();
        };
    Set<ExecutionProvider> order = new LinkedHashSet<>();
    Map<ExecutionProvider, Map<String, String>> options = new HashMap<>(providers.options());
    for (Accelerator accelerator : accelerators) {
      order.add(accelerator.provider());
      options.put(accelerator.provider(), accelerator.options());
    }
    options.merge(ExecutionProvider.CUDA, parameters.cudaOptions(), InstancePlan::over);
    switch (group.kind()) {
      case CPU -> order.add(ExecutionProvider.CPU);
      case GPU -> order.addAll(gpuProviders());
      case AUTO, MODEL -> order.addAll(providers.preferred());
    }
    return new SessionOptions(
        List.copyOf(order),
        providers.required(),
        options,
        threads,
        device,
        parameters.sessionConfiguration(),
        parameters.graph());
  }

  private static Map<String, String> over(Map<String, String> options, Map<String, String> more) {
    Map<String, String> all = new HashMap<>(options);
    all.putAll(more);
    return all;
  }

  /** A group of kind GPU never runs on a CPU in silence: it fails to load where there is none. */
  private List<ExecutionProvider> gpuProviders() {
    List<ExecutionProvider> gpu =
        providers.preferred().stream()
            .filter(
                provider ->
                    provider == ExecutionProvider.CUDA || provider == ExecutionProvider.TENSORRT)
            .toList();
    return gpu.isEmpty() ? List.of(ExecutionProvider.CUDA) : gpu;
  }
}
