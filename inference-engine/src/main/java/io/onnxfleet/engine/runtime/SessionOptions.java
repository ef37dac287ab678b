package io.onnxfleet.engine.runtime;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How a model is opened.
 *
 * @param executionProviders in order of preference; the first that is there is taken, and which one
 *     it was is told by {@link ModelSession#executionProvider()}
 * @param required the only acceptable choice, or null if any of the list will do; opening fails
 *     otherwise
 * @param providerOptions options of each provider, passed on by name
 * @param intraOpThreads threads that one run is spread over, at least 1
 * @param deviceId the accelerator's ordinal
 * @param sessionConfiguration ONNX Runtime's own session configuration entries, passed on by name
 * @param graph how the graph is optimised and its memory kept
 */
public record SessionOptions(
    List<ExecutionProvider> executionProviders,
    @Nullable ExecutionProvider required,
    Map<ExecutionProvider, Map<String, String>> providerOptions,
    int intraOpThreads,
    int deviceId,
    Map<String, String> sessionConfiguration,
    GraphSettings graph) {

  public SessionOptions {
    executionProviders = List.copyOf(executionProviders);
    providerOptions = Map.copyOf(providerOptions);
    sessionConfiguration = Map.copyOf(sessionConfiguration);
    if (executionProviders.isEmpty()) {
      throw new IllegalArgumentException("execution-providers: [] (expected at least one)");
    }
    if (intraOpThreads < 1) {
      throw new IllegalArgumentException(
          "intra-op-threads: " + intraOpThreads + " (expected: >= 1)");
    }
  }

  /** With the usual {@link GraphSettings}. */
  public SessionOptions(
      List<ExecutionProvider> executionProviders,
      @Nullable ExecutionProvider required,
      Map<ExecutionProvider, Map<String, String>> providerOptions,
      int intraOpThreads,
      int deviceId,
      Map<String, String> sessionConfiguration) {
    this(
        executionProviders,
        required,
        providerOptions,
        intraOpThreads,
        deviceId,
        sessionConfiguration,
        GraphSettings.DEFAULT);
  }

  /** The same, the graph executed as the file has it: slower, and nothing is fused. */
  public SessionOptions withoutOptimization() {
    return new SessionOptions(
        executionProviders,
        required,
        providerOptions,
        intraOpThreads,
        deviceId,
        sessionConfiguration,
        graph.withOptimization(GraphSettings.Optimization.NONE));
  }

  /** The same with that many threads a run. */
  public SessionOptions withIntraOpThreads(int threads) {
    return new SessionOptions(
        executionProviders,
        required,
        providerOptions,
        threads,
        deviceId,
        sessionConfiguration,
        graph);
  }

  /** The same with threads that spin for work, unless its configuration says whether they do. */
  public SessionOptions spinning() {
    return sessionConfiguration.containsKey(NativeOptions.SPINNING)
        ? this
        : with(Map.of(NativeOptions.SPINNING, "1"));
  }

  /** The same for a graph that has been optimised before. */
  SessionOptions forOptimizedGraph() {
    return new SessionOptions(
        executionProviders,
        required,
        providerOptions,
        intraOpThreads,
        deviceId,
        sessionConfiguration,
        graph.withOptimization(GraphSettings.Optimization.NONE));
  }

  /** The same with further session configuration entries. */
  SessionOptions with(Map<String, String> entries) {
    Map<String, String> all = new HashMap<>(sessionConfiguration);
    all.putAll(entries);
    return new SessionOptions(
        executionProviders, required, providerOptions, intraOpThreads, deviceId, all, graph);
  }

  /** On the CPU, with that many threads a run. */
  public static SessionOptions cpu(int intraOpThreads) {
    return new SessionOptions(
        List.of(ExecutionProvider.CPU), null, Map.of(), intraOpThreads, 0, Map.of());
  }
}
