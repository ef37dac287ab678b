package io.onnxfleet.optimizer.fuse;

import io.onnxfleet.optimizer.graph.Graph;
import io.onnxfleet.optimizer.graph.Node;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** {@code (x - mean) / sqrt(variance + epsilon) * gamma + beta} becomes LayerNormalization. */
final class LayerNormalizationFusion implements Fusion {
  @Override
  public String result() {
    return "LayerNormalization";
  }

  @Override
  public int apply(Region region) {
    int count = 0;
    for (Node node : region.graph().nodes()) {
      // An earlier match may have taken the node out.
      if (node.is("Sqrt") && region.graph().producer(node.output()).equals(Optional.of(node))) {
        count += fuse(region, node) ? 1 : 0;
      }
    }
    return count;
  }

  private static boolean fuse(Region region, Node root) {
    Graph graph = region.graph();
    Optional<Node> sum = region.producer(root.input(0), "Add");
    Optional<Float> epsilon = sum.flatMap(node -> graph.scalar(node.input(1)));
    Optional<Node> variance = sum.flatMap(node -> region.producer(node.input(0), "ReduceMean"));
    Optional<Node> square = variance.flatMap(node -> graph.producer(node.input(0)));
    if (epsilon.isEmpty() || square.isEmpty() || !region.reducesLastAxis(variance.orElseThrow())) {
      return false;
    }
    Node squared = square.get();
    boolean isSquare =
        (squared.is("Pow") && region.isScalar(squared.input(1), 2))
            || (squared.is("Mul") && squared.input(0).equals(squared.input(1)));
    Optional<Node> centred = region.producer(squared.input(0), "Sub");
    Optional<Node> mean = centred.flatMap(node -> region.producer(node.input(1), "ReduceMean"));
    Optional<Node> quotient = region.onlyConsumer(root.output(), "Div");
    if (!isSquare || mean.isEmpty() || quotient.isEmpty()) {
      return false;
    }
    String input = centred.orElseThrow().input(0);
    Node dividend = region.producer(quotient.get().input(0), "Sub").orElse(quotient.get());
    if (!mean.get().input(0).equals(input)
        || !region.reducesLastAxis(mean.get())
        || !quotient.get().input(1).equals(root.output())
        || !dividend.inputs().equals(centred.get().inputs())) {
      return false;
    }
    Optional<Node> scaled = region.onlyConsumer(quotient.get().output(), "Mul");
    Optional<Node> shifted = scaled.flatMap(node -> region.onlyConsumer(node.output(), "Add"));
    if (shifted.isEmpty()) {
      return false;
    }
    String gamma = Region.other(scaled.orElseThrow(), quotient.get().output());
    String beta = Region.other(shifted.get(), scaled.get().output());
    Optional<Long> width = region.vectorLength(gamma);
    if (width.isEmpty() || !width.equals(region.vectorLength(beta))) {
      return false;
    }
    List<Node> nodes =
        new ArrayList<>(
            List.of(
                root,
                sum.orElseThrow(),
                variance.orElseThrow(),
                squared,
                centred.get(),
                mean.get(),
                quotient.get(),
                scaled.get(),
                shifted.get()));
    if (dividend != centred.get()) {
      nodes.add(dividend);
    }
    if (!region.isClosed(nodes, shifted.get().output())) {
      return false;
    }
    graph.replace(
        nodes,
        List.of(
            Node.of("LayerNormalization", shifted.get().name() + "_normalization")
                .inputs(input, gamma, beta)
                .outputs(shifted.get().output())
                .with("axis", -1)
                .with("epsilon", epsilon.get())
                .build()));
    return true;
  }
}
