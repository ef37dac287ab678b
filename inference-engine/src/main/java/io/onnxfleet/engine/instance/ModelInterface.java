package io.onnxfleet.engine.instance;

import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.TensorSpec;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What requests of a model version look like, and what the model behind them wants.
 *
 * @param inputs in the model's order
 * @param outputs in the model's order
 * @param maxBatchSize rows of the largest batch; 0 if there is no batch dimension, and each request
 *     is run by itself
 * @param padding how requests of different length share a batch, or null if they do not
 */
public record ModelInterface(
    List<Port> inputs, List<Port> outputs, int maxBatchSize, @Nullable Padding padding) {

  public ModelInterface {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    if (maxBatchSize < 0) {
      throw new IllegalArgumentException("max-batch-size: " + maxBatchSize + " (expected: >= 0)");
    }
  }

  /** True if requests carry a batch dimension. */
  public boolean isBatched() {
    return maxBatchSize > 0;
  }

  /**
   * One input or output.
   *
   * @param spec as requests and responses show it, with the batch dimension
   * @param modelShape as the model has it where that differs, with the batch dimension; at most one
   *     dimension is variable besides the batch's. Null if it is the same.
   */
  public record Port(TensorSpec spec, @Nullable Shape modelShape) {
    public Port(TensorSpec spec) {
      this(spec, null);
    }

    public String name() {
      return spec.name();
    }
  }

  /**
   * Requests are filled up along axis 1 with zeros, which a mask among the inputs tells apart.
   *
   * @param inputs names of the inputs that are filled up
   * @param outputs names of the outputs that are as long as they, and cut back
   */
  public record Padding(List<String> inputs, List<String> outputs) {
    public Padding {
      inputs = List.copyOf(inputs);
      outputs = List.copyOf(outputs);
    }
  }
}
