package io.onnxfleet.optimizer.fuse;

import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Graph;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Self-attention that has taken up its biases and whose three projections are of one value becomes
 * Attention, which holds the three weights side by side.
 */
final class PackedAttentionFusion implements Fusion {
  @Override
  public String result() {
    return "Attention";
  }

  @Override
  public int apply(Region region) {
    int count = 0;
    for (Node node : region.graph().nodes()) {
      if (node.operator().equals("MultiHeadAttention") && !node.input(3).isEmpty()) {
        count += fuse(region, node) ? 1 : 0;
      }
    }
    return count;
  }

  private static boolean fuse(Region region, Node attention) {
    Graph graph = region.graph();
    List<Node> old = new ArrayList<>(List.of(attention));
    List<Tensor> weights = new ArrayList<>();
    String input = "";
    for (int index = 0; index < 3; index++) {
      Optional<Node> projection = region.producer(attention.input(index), "MatMul");
      Optional<Tensor> weight =
          projection
              .flatMap(node -> graph.constant(node.input(1)))
              .filter(tensor -> tensor.rank() == 2 && tensor.type() == ElementType.FLOAT);
      if (weight.isEmpty()
          || graph.onlyConsumer(attention.input(index)).isEmpty()
          || !(input.isEmpty() || input.equals(projection.orElseThrow().input(0)))) {
        return false;
      }
      input = projection.orElseThrow().input(0);
      old.add(projection.get());
      weights.add(weight.get());
    }
    long width = weights.getFirst().dimension(1);
    if (weights.stream().anyMatch(weight -> weight.dimension(1) != width)) {
      return false;
    }
    String name = graph.freshName(attention.name() + "_weights");
    graph.addConstant(name, sideBySide(weights));
    List<String> inputs = new ArrayList<>(List.of(input, name, attention.input(3)));
    if (!attention.input(4).isEmpty()) {
      inputs.add(attention.input(4));
    }
    Node.Builder packed =
        Node.microsoft("Attention", attention.name())
            .inputs(inputs.toArray(String[]::new))
            .outputs(attention.output())
            .withSame(attention, "num_heads")
            .withSame(attention, "mask_filter_value");
    double usual = 1 / Math.sqrt((double) width / attention.integer("num_heads", 1));
    if (Math.abs(attention.number("scale", 0) - usual) > 1e-6 * usual) {
      packed.withSame(attention, "scale");
    }
    graph.replace(old, List.of(packed.build()));
    return true;
  }

  private static Tensor sideBySide(List<Tensor> weights) {
    int rows = Math.toIntExact(weights.getFirst().dimension(0));
    int width = Math.toIntExact(weights.getFirst().dimension(1));
    float[] joined = new float[rows * width * weights.size()];
    for (int part = 0; part < weights.size(); part++) {
      float[] values = weights.get(part).floats();
      for (int row = 0; row < rows; row++) {
        System.arraycopy(values, row * width, joined, (row * weights.size() + part) * width, width);
      }
    }
    return Tensor.ofFloats(joined, rows, (long) width * weights.size());
  }
}
