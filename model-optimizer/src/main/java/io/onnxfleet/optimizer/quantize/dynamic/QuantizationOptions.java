package io.onnxfleet.optimizer.quantize.dynamic;

import java.util.Set;

/**
 * What to make of a model.
 *
 * @param embeddings whether tables of embeddings become 8-bit too, which is where most of a small
 *     text encoder's size lies
 * @param excluded names of nodes that stay as they are
 * @param weightsOnly names of products that compute in FP32 with weights stored in 8 bits: as small
 *     as the others, but hardly less exact than the original
 * @param scale over how much of an activation one scale is taken
 */
public record QuantizationOptions(
    boolean embeddings, Set<String> excluded, Set<String> weightsOnly, ActivationScale scale) {
  /** All that can be done. */
  public static final QuantizationOptions DEFAULT =
      new QuantizationOptions(true, Set.of(), Set.of(), ActivationScale.BATCH);

  /** All that can be done, with a scale a token. */
  public static final QuantizationOptions PER_TOKEN = DEFAULT.with(ActivationScale.TOKEN);

  public QuantizationOptions {
    excluded = Set.copyOf(excluded);
    weightsOnly = Set.copyOf(weightsOnly);
  }

  /** The same with other products computing in FP32. */
  public QuantizationOptions withWeightsOnly(Set<String> nodes) {
    return new QuantizationOptions(embeddings, excluded, nodes, scale);
  }

  /** The same with other nodes excluded. */
  public QuantizationOptions excluding(Set<String> nodes) {
    return new QuantizationOptions(embeddings, nodes, weightsOnly, scale);
  }

  /** The same with activations scaled in another way. */
  public QuantizationOptions with(ActivationScale other) {
    return new QuantizationOptions(embeddings, excluded, weightsOnly, other);
  }
}
