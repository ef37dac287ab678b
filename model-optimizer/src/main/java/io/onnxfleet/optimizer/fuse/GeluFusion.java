package io.onnxfleet.optimizer.fuse;

import io.onnxfleet.optimizer.graph.Graph;
import io.onnxfleet.optimizer.graph.Node;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * {@code x * (1 + erf(x / sqrt(2))) / 2}, however its factors are ordered, becomes Gelu, and
 * BiasGelu where {@code x} is a product with a bias that nothing else sees.
 */
final class GeluFusion implements Fusion {
  private static final double ROOT_OF_2 = Math.sqrt(2);

  @Override
  public String result() {
    return "BiasGelu";
  }

  @Override
  public int apply(Region region) {
    int count = 0;
    for (Node node : region.graph().nodes()) {
      if (node.is("Erf") && region.graph().producer(node.output()).equals(Optional.of(node))) {
        count += fuse(region, node) ? 1 : 0;
      }
    }
    return count;
  }

  private static boolean fuse(Region region, Node erf) {
    Graph graph = region.graph();
    Optional<Node> scaled = graph.producer(erf.input(0));
    if (scaled.isEmpty()) {
      return false;
    }
    String x;
    if (scaled.get().is("Div") && region.isScalar(scaled.get().input(1), ROOT_OF_2)) {
      x = scaled.get().input(0);
    } else if (scaled.get().is("Mul") && region.isScalar(scaled.get().input(1), 1 / ROOT_OF_2)) {
      x = scaled.get().input(0);
    } else {
      return false;
    }
    Optional<Node> plusOne = region.onlyConsumer(erf.output(), "Add");
    if (plusOne.isEmpty() || !region.isScalar(Region.other(plusOne.get(), erf.output()), 1)) {
      return false;
    }
    Optional<Node> product = region.onlyConsumer(plusOne.get().output(), "Mul");
    if (product.isEmpty()) {
      return false;
    }
    List<Node> nodes = new ArrayList<>(List.of(erf, scaled.get(), plusOne.get(), product.get()));
    String factor = Region.other(product.get(), plusOne.get().output());
    Node last;
    if (factor.equals(x)) {
      // x * (1 + erf) * 0.5
      Optional<Node> half = region.onlyConsumer(product.get().output(), "Mul");
      if (half.isEmpty()
          || !region.isScalar(Region.other(half.get(), product.get().output()), 0.5)) {
        return false;
      }
      last = half.get();
      nodes.add(last);
    } else {
      // (x * 0.5) * (1 + erf)
      Optional<Node> half = region.producer(factor, "Mul");
      if (half.isEmpty()
          || half.get().inputIndex(x).isEmpty()
          || !region.isScalar(Region.other(half.get(), x), 0.5)) {
        return false;
      }
      last = product.get();
      nodes.add(half.get());
    }
    if (!region.isClosed(nodes, last.output())) {
      return false;
    }
    replace(region, nodes, x, last);
    return true;
  }

  private static void replace(Region region, List<Node> nodes, String x, Node last) {
    Graph graph = region.graph();
    Optional<Region.Biased> biased = region.biased(x);
    List<Node> all = new ArrayList<>(nodes);
    biased.map(Region.Biased::add).ifPresent(all::add);
    if (biased.isPresent() && region.isClosed(all, last.output())) {
      graph.replace(
          all,
          List.of(
              Node.microsoft("BiasGelu", last.name() + "_bias_gelu")
                  .inputs(biased.get().value(), biased.get().bias())
                  .outputs(last.output())
                  .build()));
    } else {
      graph.replace(
          nodes,
          List.of(
              Node.microsoft("Gelu", last.name() + "_gelu")
                  .inputs(x)
                  .outputs(last.output())
                  .build()));
    }
  }
}
