package io.onnxfleet.optimizer.fuse;

import io.onnxfleet.optimizer.graph.Graph;
import io.onnxfleet.optimizer.graph.Node;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The normalization of a sum becomes SkipLayerNormalization, which takes the bias of what is added
 * too. Only where both sides have the same shape for certain: the operator does not stretch one.
 */
final class SkipLayerNormalizationFusion implements Fusion {
  @Override
  public String result() {
    return "SkipLayerNormalization";
  }

  @Override
  public int apply(Region region) {
    int count = 0;
    for (Node node : region.graph().nodes()) {
      if (node.is("LayerNormalization") && node.outputs().size() == 1) {
        count += fuse(region, node) ? 1 : 0;
      }
    }
    return count;
  }

  private static boolean fuse(Region region, Node normalization) {
    Graph graph = region.graph();
    Optional<Node> sum = region.producer(normalization.input(0), "Add");
    if (sum.isEmpty()
        || normalization.integer("axis", -1) != -1
        || normalization.input(2).isEmpty()
        || region.vectorLength(normalization.input(1)).isEmpty()
        || !new RowShapes(graph).same(sum.get().input(0), sum.get().input(1))) {
      return false;
    }
    List<Node> nodes = new ArrayList<>(List.of(normalization));
    boolean sumIsSeen = !region.isClosed(List.of(sum.get(), normalization), normalization.output());
    nodes.add(sum.get());
    String input = sum.get().input(0);
    String skip = sum.get().input(1);
    String bias = "";
    for (int index = 0; index < 2; index++) {
      Optional<Region.Biased> biased = region.biased(sum.get().input(index));
      if (bias.isEmpty()
          && biased.isPresent()
          && graph.onlyConsumer(sum.get().input(index)).isPresent()) {
        nodes.add(biased.get().add());
        bias = biased.get().bias();
        input = biased.get().value();
        skip = sum.get().input(1 - index);
      }
    }
    Node.Builder fused =
        Node.microsoft("SkipLayerNormalization", normalization.name() + "_skip")
            .with("epsilon", normalization.number("epsilon", 1e-5f));
    if (bias.isEmpty()) {
      fused.inputs(input, skip, normalization.input(1), normalization.input(2));
    } else {
      fused.inputs(input, skip, normalization.input(1), normalization.input(2), bias);
    }
    if (sumIsSeen) {
      fused.outputs(normalization.output(), "", "", sum.get().output());
    } else {
      fused.outputs(normalization.output());
    }
    graph.replace(nodes, List.of(fused.build()));
    return true;
  }
}
