package io.onnxfleet.optimizer.quantize.dynamic;

import io.onnxfleet.optimizer.graph.Node;
import java.util.List;

/**
 * How a value becomes 8-bit while the model runs, and is multiplied with 8-bit weights. One for
 * each {@link ActivationScale}. Not thread-safe: lives for one graph.
 */
interface ScaledProducts {
  /**
   * The names of 8-bit weights and of their scales, one a column.
   *
   * @param values INT8
   */
  record Stored(String values, String scales) {}

  /**
   * Makes the nodes that multiply. Those that make the value 8-bit are added to the graph, once
   * however many products use it.
   *
   * @param value what is multiplied
   * @param name that the nodes' names begin with
   * @param result the name of the product
   */
  List<Node> product(String value, Stored weights, String name, String result);
}
