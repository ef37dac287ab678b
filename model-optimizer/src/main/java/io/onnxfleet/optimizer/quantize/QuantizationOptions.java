package io.onnxfleet.optimizer.quantize;

import java.util.Set;

/**
 * What to make of a model.
 *
 * @param embeddings whether tables of embeddings become 8-bit too, which is where most of a small
 *     text encoder's size lies
 * @param excluded names of nodes that stay as they are
 */
public record QuantizationOptions(boolean embeddings, Set<String> excluded) {
  /** All that can be done. */
  public static final QuantizationOptions DEFAULT = new QuantizationOptions(true, Set.of());

  public QuantizationOptions {
    excluded = Set.copyOf(excluded);
  }

  /** The same with other nodes excluded. */
  public QuantizationOptions excluding(Set<String> nodes) {
    return new QuantizationOptions(embeddings, nodes);
  }
}
