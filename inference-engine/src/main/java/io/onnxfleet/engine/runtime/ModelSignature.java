package io.onnxfleet.engine.runtime;

import io.onnxfleet.engine.tensor.TensorSpec;
import java.util.List;
import java.util.Map;

/**
 * What a model file declares of itself.
 *
 * @param inputs in the model's order, the optional ones (overridable initializers) last
 * @param outputs in the model's order
 * @param metadata the custom key-value pairs of the file
 */
public record ModelSignature(
    List<TensorSpec> inputs, List<TensorSpec> outputs, Map<String, String> metadata) {

  public ModelSignature {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    metadata = Map.copyOf(metadata);
  }
}
