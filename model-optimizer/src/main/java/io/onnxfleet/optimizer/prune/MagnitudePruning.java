package io.onnxfleet.optimizer.prune;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.graph.Graph;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.pass.GraphPass;
import io.onnxfleet.optimizer.pass.PassReport;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Makes the smallest weights of each layer zero. The tensors keep their shape: ONNX Runtime
 * multiplies with zeros as with anything else, so this makes no model faster. The file compresses
 * better.
 */
public final class MagnitudePruning implements GraphPass {
  private final double share;

  /**
   * @param share of the weights of each matrix product and convolution, above 0 and below 1
   */
  public MagnitudePruning(double share) {
    this.share = share;
  }

  /**
   * What was done.
   *
   * @param zeros how many weights are zero now
   */
  public record Outcome(long zeros) implements PassReport {
    @Override
    public List<String> lines() {
      return List.of("weights: %d are zero now; the model is not faster for it".formatted(zeros));
    }
  }

  @Override
  public String name() {
    return "prune-weights";
  }

  @Override
  public Map<String, Object> parameters() {
    return Map.of("share", share);
  }

  @Override
  public Outcome apply(OnnxModel model) {
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
    return new Outcome(zeros);
  }
}
