package io.onnxfleet.engine.runtime;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What each execution provider is told by name: the fleet's own choices, and over them what is
 * configured, passed on as it is.
 */
final class ProviderOptions {
  /** An exhaustive search for the best convolution at every new shape would stall requests. */
  private static final Map<String, String> CUDA_DEFAULTS =
      Map.of(
          "cudnn_conv_algo_search", "HEURISTIC",
          "arena_extend_strategy", "kSameAsRequested");

  private static final String DEVICE = "device_id";
  private static final String CUDA_GRAPH = "enable_cuda_graph";
  private static final String TENSORRT_GRAPH = "trt_cuda_graph_enable";

  private ProviderOptions() {}

  /**
   * Options of CUDA.
   *
   * @throws InferenceException with {@link ErrorCode#MODEL_LOAD_FAILED} if one would make the
   *     session answer from old memory
   */
  static Map<String, String> cuda(SessionOptions options) {
    Map<String, String> entries = new LinkedHashMap<>(CUDA_DEFAULTS);
    return completed(entries, ExecutionProvider.CUDA, CUDA_GRAPH, options);
  }

  /**
   * Options of TensorRT: engine cache, timing cache, precision and others by the runtime's names.
   *
   * @throws InferenceException as for CUDA
   */
  static Map<String, String> tensorRt(SessionOptions options) {
    return completed(new LinkedHashMap<>(), ExecutionProvider.TENSORRT, TENSORRT_GRAPH, options);
  }

  /** What is configured for a provider, and nothing else. */
  static Map<String, String> configured(ExecutionProvider provider, SessionOptions options) {
    return options.providerOptions().getOrDefault(provider, Map.of());
  }

  private static Map<String, String> completed(
      Map<String, String> entries,
      ExecutionProvider provider,
      String graph,
      SessionOptions options) {
    entries.put(DEVICE, Integer.toString(options.deviceId()));
    entries.putAll(configured(provider, options));
    entries.remove(PinnedHostMemory.OPTION); // the fleet's own
    String captured = entries.getOrDefault(graph, "0");
    if (!captured.equals("0") && !captured.equalsIgnoreCase("false")) {
      // A replay reads and writes the device memory of the run that was captured, and copies
      // nothing.
      throw new InferenceException(
          ErrorCode.MODEL_LOAD_FAILED,
          "%s: %s (expected: 0; a captured graph would not see a request's inputs)"
              .formatted(graph, captured));
    }
    return entries;
  }
}
