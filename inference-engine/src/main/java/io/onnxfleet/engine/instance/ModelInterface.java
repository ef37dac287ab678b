package io.onnxfleet.engine.instance;

import io.onnxfleet.engine.tensor.PaddingSide;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.TensorSpec;
import java.util.List;
import java.util.Map;
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

  /** The same where requests of different length share a batch in that way. */
  public ModelInterface with(@Nullable Padding other) {
    return new ModelInterface(inputs, outputs, maxBatchSize, other);
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
   * Requests are filled up along axis 1 to the longest of their batch. A mask among the inputs,
   * which is filled up with zeros, tells the model what is padding.
   *
   * @param inputs names of the inputs that are filled up
   * @param outputs names of the outputs that are as long as they, and cut back
   * @param side on which they are filled up
   * @param fills by name, what integer inputs are filled up with; 0 for those that are not named
   */
  public record Padding(
      List<String> inputs, List<String> outputs, PaddingSide side, Map<String, Long> fills) {
    public Padding {
      inputs = List.copyOf(inputs);
      outputs = List.copyOf(outputs);
      fills = Map.copyOf(fills);
    }

    /** Padding with zeros on the right. */
    public Padding(List<String> inputs, List<String> outputs) {
      this(inputs, outputs, PaddingSide.RIGHT, Map.of());
    }

    long fill(String input) {
      return fills.getOrDefault(input, 0L);
    }
  }
}
