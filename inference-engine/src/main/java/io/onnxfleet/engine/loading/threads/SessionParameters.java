package io.onnxfleet.engine.loading.threads;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.repository.config.reading.DeclaredConfig;
import io.onnxfleet.engine.runtime.GraphSettings;
import io.onnxfleet.engine.runtime.GraphSettings.Optimization;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * What a model's configuration asks of its sessions: {@code optimization.graph} and the parameters
 * of Triton's ONNX Runtime backend, by their names there. A parameter that begins with {@code
 * session.} is passed on to ONNX Runtime as it is. Others are free text and none of its business.
 *
 * @param intraOpThreads empty if the engine is to choose
 * @param cudaOptions of the CUDA provider, by ONNX Runtime's names and values
 */
record SessionParameters(
    OptionalInt intraOpThreads,
    GraphSettings graph,
    Map<String, String> sessionConfiguration,
    Map<String, String> cudaOptions) {

  static final String INTRA_OP_THREADS = "intra_op_thread_count";
  static final String INTER_OP_THREADS = "inter_op_thread_count";
  static final String EXECUTION_MODE = "execution_mode";
  static final String MEMORY_ARENA = "enable_mem_arena";
  static final String MEMORY_PATTERN = "enable_mem_pattern";
  static final String SHRINKAGE = "memory.enable_memory_arena_shrinkage";

  /** The CUDA provider's, and what Triton's numbers stand for; others are passed on as they are. */
  private static final Map<String, List<String>> CUDA_VALUES =
      Map.of(
          "cudnn_conv_algo_search", List.of("EXHAUSTIVE", "HEURISTIC", "DEFAULT"),
          "arena_extend_strategy", List.of("kNextPowerOfTwo", "kSameAsRequested"),
          "gpu_mem_limit", List.of(),
          "cudnn_conv_use_max_workspace", List.of(),
          "do_copy_in_default_stream", List.of());

  private static final String SESSION_PREFIX = "session.";

  /** More threads than any machine has CPUs are a mistake. */
  private static final int MOST_THREADS = 1024;

  SessionParameters {
    sessionConfiguration = Map.copyOf(sessionConfiguration);
    cudaOptions = Map.copyOf(cudaOptions);
  }

  /**
   * Those of a configuration, or the usual ones.
   *
   * @throws InferenceException with {@link ErrorCode#MODEL_LOAD_FAILED} if a value makes no sense
   */
  static SessionParameters of(@Nullable DeclaredConfig config) {
    if (config == null) {
      return new SessionParameters(OptionalInt.empty(), GraphSettings.DEFAULT, Map.of(), Map.of());
    }
    Map<String, String> parameters = config.parameters();
    Map<String, String> passedOn = new HashMap<>();
    parameters.forEach(
        (name, value) -> {
          if (name.startsWith(SESSION_PREFIX)) {
            passedOn.put(name, value);
          }
        });
    int intraOp = number(parameters, INTRA_OP_THREADS, 0, MOST_THREADS);
    int interOp = number(parameters, INTER_OP_THREADS, 0, MOST_THREADS);
    boolean parallel = number(parameters, EXECUTION_MODE, 0, 1) == 1;
    boolean arena = flag(parameters, MEMORY_ARENA, true);
    GraphSettings graph =
        new GraphSettings(
            optimization(config.optimization().graphLevel()),
            Math.max(1, interOp),
            parallel,
            arena,
            arena && flag(parameters, MEMORY_PATTERN, false),
            arena && shrinks(parameters));
    return new SessionParameters(
        intraOp == 0 ? OptionalInt.empty() : OptionalInt.of(intraOp),
        graph,
        passedOn,
        cudaOptions(parameters));
  }

  private static Map<String, String> cudaOptions(Map<String, String> parameters) {
    Map<String, String> options = new HashMap<>();
    CUDA_VALUES.forEach(
        (name, values) -> {
          String value = parameters.get(name);
          if (value != null) {
            int number = values.contains(value) ? -1 : cudaNumber(parameters, name, values);
            options.put(name, number < 0 ? value.strip() : values.get(number));
          }
        });
    return options;
  }

  /** The place of a value among those of its option; -1 where any will do. */
  private static int cudaNumber(Map<String, String> parameters, String name, List<String> values) {
    return values.isEmpty() ? -1 : number(parameters, name, 0, values.size() - 1);
  }

  private static Optimization optimization(int level) {
    if (level < 0) {
      return Optimization.BASIC;
    }
    return level == 0 ? Optimization.ALL : Optimization.EXTENDED;
  }

  /** Devices are named as in {@code cpu:0;gpu:0}; only the CPU's arena is the session's. */
  private static boolean shrinks(Map<String, String> parameters) {
    return parameters.getOrDefault(SHRINKAGE, "").contains("cpu");
  }

  private static boolean flag(Map<String, String> parameters, String name, boolean otherwise) {
    return parameters.containsKey(name) ? number(parameters, name, 0, 1) == 1 : otherwise;
  }

  /** 0 where the parameter is missing. */
  private static int number(Map<String, String> parameters, String name, int least, int most) {
    String value = parameters.getOrDefault(name, "0").strip();
    try {
      int number = Integer.parseInt(value);
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException noNumber) {
      // Told below.
    }
    throw new InferenceException(
        ErrorCode.MODEL_LOAD_FAILED,
        "parameters %s: '%s' (expected: %d to %d)".formatted(name, value, least, most));
  }
}
