package io.onnxfleet.engine.repository.config;

import io.onnxfleet.engine.tensor.PaddingSide;
import java.util.List;
import java.util.Optional;

/**
 * What would have to be filled up along axis 1 for requests of different length to share a batch,
 * as names of dimensions tell. Whether the model answers them as before, and which of its outputs
 * are as long as they, is to be proven. The model masks the padding by its input {@value #MASK}.
 *
 * @param inputs that are as long as the mask
 * @param outputs that are as long as it by their names; empty if the names do not tell of all
 * @param side that the configuration asks for, or empty
 */
public record SequencePadding(
    List<String> inputs, Optional<List<String>> outputs, Optional<PaddingSide> side) {
  /** The input whose zeros tell the model what is padding. */
  public static final String MASK = "attention_mask";

  /** The input of tokens, which is filled up with the tokenizer's own id of padding. */
  public static final String IDS = "input_ids";

  /** The axis that is padded, of tensors with their batch dimension. */
  public static final int AXIS = 1;

  public SequencePadding {
    inputs = List.copyOf(inputs);
    outputs = outputs.map(List::copyOf);
    if (!inputs.contains(MASK)) {
      throw new IllegalArgumentException("inputs: " + inputs + " (expected " + MASK + " in them)");
    }
  }
}
