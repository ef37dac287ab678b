package io.onnxfleet.optimizer.prune;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.graph.Graph;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.graph.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Makes the smallest weights of each layer zero. The tensors keep their shape: ONNX Runtime
 * multiplies with zeros as with anything else, so this makes no model faster. The file compresses
 * better.
 */
public final class MagnitudePruning {
  private MagnitudePruning() {}

  /**
   * Changes a model.
   *
   * @param share of the weights of each matrix product and convolution, from 0 to 1
   * @return how many weights are zero now
   */
  public static long apply(OnnxModel model, double share) {
    if (!(share > 0 && share < 1)) {
      throw new OptimizerException(
          "share of weights: %s (expected: above 0, below 1)".formatted(share));
    }
    Graph graph = model.graph();
    long zeros = 0;
    for (Node node : graph.nodes()) {
      if (Weights.isProduct(graph, node) || Weights.isConvolution(graph, node)) {
        Tensor weights = graph.constant(node.input(1)).orElseThrow();
        float[] values = weights.floats();
        float[] sizes = new float[values.length];
        for (int index = 0; index < values.length; index++) {
          sizes[index] = Math.abs(values[index]);
        }
        Arrays.sort(sizes);
        int count = (int) (values.length * share);
        float limit = count == 0 ? -1 : sizes[count - 1];
        for (int index = 0; index < values.length; index++) {
          if (Math.abs(values[index]) <= limit) {
            values[index] = 0;
            zeros++;
          }
        }
        String name =
            graph.addConstant(
                graph.freshName(node.input(1) + "_pruned"),
                Tensor.ofFloats(values, weights.dimensions()));
        List<String> inputs = new ArrayList<>(node.inputs());
        inputs.set(1, name);
        graph.replace(List.of(node), List.of(node.withInputs(inputs)));
      }
    }
    if (zeros == 0) {
      throw new OptimizerException("the model has no weights that can go");
    }
    graph.removeUnused();
    return zeros;
  }
}
