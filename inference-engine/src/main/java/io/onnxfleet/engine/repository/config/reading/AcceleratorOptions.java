package io.onnxfleet.engine.repository.config.reading;

import io.onnxfleet.engine.repository.config.OptimizationConfig.Accelerator;
import io.onnxfleet.engine.repository.proto.OptimizationProto.ExecutionAccelerators;
import io.onnxfleet.engine.runtime.ExecutionProvider;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Translates Triton's execution accelerators to ONNX Runtime's providers and option names. An
 * option that TensorRT would not know is refused, so that a misspelt one is not lost.
 */
final class AcceleratorOptions {
  /** Names of Triton's own; all others are ONNX Runtime's, which begin with {@code trt_}. */
  private static final Map<String, String> TENSORRT_NAMES =
      Map.of(
          "max_workspace_size_bytes", "trt_max_workspace_size",
          "int8_calibration_table_name", "trt_int8_calibration_table_name",
          "int8_use_native_calibration_table", "trt_int8_use_native_calibration_table");

  private static final String PRECISION_MODE = "precision_mode";

  private static final Map<String, Map<String, String>> PRECISION_MODES =
      new TreeMap<>(
          Map.of(
              "FP32", Map.of(),
              "FP16", Map.of("trt_fp16_enable", "1"),
              "INT8", Map.of("trt_int8_enable", "1")));

  private AcceleratorOptions() {}

  static Accelerator gpu(ExecutionAccelerators.Accelerator proto) {
    return switch (proto.getName()) {
      case "tensorrt" ->
          new Accelerator(ExecutionProvider.TENSORRT, tensorRtOptions(proto.getParametersMap()));
      case "cuda" -> new Accelerator(ExecutionProvider.CUDA, proto.getParametersMap());
      default -> throw unknown("gpu", proto.getName(), List.of("tensorrt", "cuda"));
    };
  }

  static Accelerator cpu(ExecutionAccelerators.Accelerator proto) {
    if (!proto.getName().equals("openvino")) {
      throw unknown("cpu", proto.getName(), List.of("openvino"));
    }
    return new Accelerator(ExecutionProvider.OPENVINO, proto.getParametersMap());
  }

  private static RuntimeException unknown(String device, String name, List<String> known) {
    return ConfigFailure.invalid(
        "%s_execution_accelerator: '%s'%s", device, name, NearestName.hint(name, known));
  }

  private static Map<String, String> tensorRtOptions(Map<String, String> parameters) {
    Map<String, String> options = new HashMap<>();
    parameters.forEach(
        (name, value) -> {
          if (name.equals(PRECISION_MODE)) {
            Map<String, String> mode = PRECISION_MODES.get(value);
            if (mode == null) {
              throw ConfigFailure.invalid(
                  "tensorrt precision_mode: %s (expected one of %s)",
                  value, PRECISION_MODES.keySet());
            }
            options.putAll(mode);
          } else if (name.startsWith("trt_")) {
            options.put(name, value);
          } else {
            String translated = TENSORRT_NAMES.get(name);
            if (translated == null) {
              throw ConfigFailure.invalid(
                  "tensorrt parameter '%s' (expected %s, one of %s, or a name with trt_)",
                  name, PRECISION_MODE, new TreeMap<>(TENSORRT_NAMES).keySet());
            }
            options.put(translated, value);
          }
        });
    return options;
  }
}
