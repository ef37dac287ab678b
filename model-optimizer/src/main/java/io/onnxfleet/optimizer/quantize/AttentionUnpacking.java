package io.onnxfleet.optimizer.quantize;

import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Graph;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * ONNX Runtime's attention of packed projections becomes three products and the attention that
 * takes them, so that what quantizes products finds these too.
 */
public final class AttentionUnpacking {
  private static final List<String> PARTS = List.of("query", "key", "value");

  private final Graph graph;

  private AttentionUnpacking(Graph graph) {
    this.graph = graph;
  }

  /**
   * Unpacks what computes the same afterwards.
   *
   * @param excluded names of nodes that stay as they are
   */
  public static void apply(Graph graph, Set<String> excluded) {
    AttentionUnpacking unpacking = new AttentionUnpacking(graph);
    for (Node node : graph.nodes()) {
      if (!excluded.contains(node.name()) && unpacking.isSameApart(node)) {
        unpacking.unpack(node);
      }
    }
    graph.removeUnused();
  }

  /** Whether a node is attention of three projections of one width, with constant FP32 weights. */
  public static boolean isPacked(Graph graph, Node node) {
    return node.operator().equals("Attention")
        && node.domain().equals(Node.MICROSOFT_DOMAIN)
        && node.inputs().size() <= 4
        && node.outputs().size() == 1
        && node.attribute("qkv_hidden_sizes").isEmpty()
        && node.integer("do_rotary", 0) == 0
        && graph
            .constant(node.input(1))
            .filter(
                weights ->
                    weights.type() == ElementType.FLOAT
                        && weights.rank() == 2
                        && weights.elements() > 0
                        && weights.dimension(1) % PARTS.size() == 0)
            .isPresent();
  }

  /** Masks of other shapes mean something else there. */
  private boolean isSameApart(Node node) {
    return isPacked(graph, node)
        && node.integer("unidirectional", 0) == 0
        && (node.input(3).isEmpty() || isNumberPerToken(node.input(3)));
  }

  private boolean isNumberPerToken(String mask) {
    String given =
        graph
            .producer(mask)
            .filter(node -> node.is("Cast"))
            .map(node -> node.input(0))
            .orElse(mask);
    return graph
        .declaration(given)
        .filter(value -> value.getType().getTensorType().getShape().getDimCount() == 2)
        .isPresent();
  }

  private void unpack(Node node) {
    Tensor packed = graph.constant(node.input(1)).orElseThrow();
    int width = Math.toIntExact(packed.dimension(1) / PARTS.size());
    String name = node.name().isEmpty() ? node.output() : node.name();
    List<Node> fresh = new ArrayList<>();
    List<String> inputs = new ArrayList<>();
    for (String part : PARTS) {
      String weights =
          graph.addConstant(
              graph.freshName(node.input(1) + "_" + part),
              columns(packed, inputs.size() * width, width));
      String projection = graph.freshName(node.output() + "_" + part);
      fresh.add(
          Node.of("MatMul", name + "_" + part)
              .inputs(node.input(0), weights)
              .outputs(projection)
              .build());
      inputs.add(projection);
    }
    if (!node.input(2).isEmpty() || !node.input(3).isEmpty()) {
      inputs.add(node.input(2));
    }
    if (!node.input(3).isEmpty()) {
      inputs.add(node.input(3));
    }
    fresh.add(
        Node.microsoft("MultiHeadAttention", name)
            .inputs(inputs)
            .outputs(node.output())
            .withSame(node, "num_heads")
            .withSame(node, "mask_filter_value")
            .withSame(node, "scale")
            .build());
    graph.replace(List.of(node), fresh);
  }

  private static Tensor columns(Tensor matrix, int first, int count) {
    int rows = Math.toIntExact(matrix.dimension(0));
    int width = Math.toIntExact(matrix.dimension(1));
    float[] all = matrix.floats();
    float[] some = new float[rows * count];
    for (int row = 0; row < rows; row++) {
      System.arraycopy(all, row * width + first, some, row * count, count);
    }
    return Tensor.ofFloats(some, rows, count);
  }
}
