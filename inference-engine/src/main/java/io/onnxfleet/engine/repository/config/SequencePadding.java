package io.onnxfleet.engine.repository.config;

import io.onnxfleet.engine.tensor.PaddingSide;
import java.util.List;
import java.util.Optional;

/**
 * Requests of different length may share a batch: these inputs are filled up along axis 1 to the
 * longest of the batch, and these outputs are cut back along axis 1 to what each request had. The
 * model masks the padding by its input {@value #MASK}.
 *
 * @param side that the configuration asks for, or empty
 */
public record SequencePadding(
    List<String> inputs, List<String> outputs, Optional<PaddingSide> side) {
  /** The input whose zeros tell the model what is padding. */
  public static final String MASK = "attention_mask";

  /** The axis that is padded, of tensors with their batch dimension. */
  public static final int AXIS = 1;

  public SequencePadding {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    if (!inputs.contains(MASK)) {
      throw new IllegalArgumentException("inputs: " + inputs + " (expected " + MASK + " in them)");
    }
  }

  /** On the side that suits. */
  public SequencePadding(List<String> inputs, List<String> outputs) {
    this(inputs, outputs, Optional.empty());
  }
}
