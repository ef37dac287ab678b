package io.onnxfleet.engine.runtime;

import io.onnxfleet.engine.error.InferenceException;
import java.util.Arrays;
import java.util.Locale;

/** Where ONNX Runtime executes a graph. */
public enum ExecutionProvider {
  TENSORRT,
  CUDA,
  OPENVINO,
  CPU;

  /** The name in configuration, metadata and metrics: {@code cuda}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The provider of that label, in any case.
   *
   * @throws InferenceException if there is none
   */
  public static ExecutionProvider parse(String label) {
    for (ExecutionProvider provider : values()) {
      if (provider.label().equalsIgnoreCase(label)) {
        return provider;
      }
    }
    throw InferenceException.invalidInput(
        "execution provider: %s (expected one of %s)",
        label, Arrays.stream(values()).map(ExecutionProvider::label).toList());
  }
}
