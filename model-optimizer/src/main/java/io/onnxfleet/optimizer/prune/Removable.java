package io.onnxfleet.optimizer.prune;

import io.onnxfleet.optimizer.graph.Node;
import java.util.List;

/**
 * A place where something can be removed: what writes it, what works on it, and the linear layer
 * that reads it and can be refitted.
 *
 * @param source its outputs are what is removed
 * @param between the source and the consumer, each element, neuron or channel by itself
 * @param consumer a MatMul, Gemm or Conv with constant weights
 * @param value what the consumer reads
 * @param count how many neurons, heads or channels there are
 * @param size how many of the consumer's input features belong to each
 */
record Removable(
    Structure structure,
    Node source,
    List<Node> between,
    Node consumer,
    String value,
    int count,
    int size) {
  Removable {
    between = List.copyOf(between);
  }

  /** The consumer's input features. */
  int features() {
    return count * size;
  }
}
