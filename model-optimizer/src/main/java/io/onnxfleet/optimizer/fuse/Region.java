package io.onnxfleet.optimizer.fuse;

import io.onnxfleet.optimizer.graph.Graph;
import io.onnxfleet.optimizer.graph.Node;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Questions that every pattern asks of a graph. Sees changes as they are made; keeps nothing. */
final class Region {
  private final Graph graph;

  Region(Graph graph) {
    this.graph = graph;
  }

  Graph graph() {
    return graph;
  }

  /** The node that writes a value, if it is this operator of ONNX's own. */
  Optional<Node> producer(String value, String operator) {
    return graph.producer(value).filter(node -> node.is(operator));
  }

  /** The only user of a value, if it is this operator of ONNX's own. */
  Optional<Node> onlyConsumer(String value, String operator) {
    return graph.onlyConsumer(value).filter(node -> node.is(operator));
  }

  /** Of an operator of two inputs, the other one. */
  static String other(Node node, String value) {
    return node.input(0).equals(value) ? node.input(1) : node.input(0);
  }

  /** Whether a value is a constant FP32 scalar of about this size. */
  boolean isScalar(String value, double expected) {
    return graph
        .scalar(value)
        .filter(scalar -> Math.abs(scalar - expected) <= 1e-4 * Math.abs(expected))
        .isPresent();
  }

  /** The length of a constant vector, as biases are. */
  Optional<Long> vectorLength(String value) {
    return graph
        .constant(value)
        .filter(tensor -> tensor.rank() == 1)
        .map(tensor -> tensor.dimension(0));
  }

  /** Of an Add of a computed value and a constant vector, which is which; in either order. */
  Optional<Biased> biased(String value) {
    return producer(value, "Add").flatMap(this::biased);
  }

  private Optional<Biased> biased(Node add) {
    for (int index = 0; index < 2; index++) {
      if (vectorLength(add.input(index)).isPresent()
          && graph.constant(add.input(1 - index)).isEmpty()) {
        return Optional.of(new Biased(add, add.input(1 - index), add.input(index)));
      }
    }
    return Optional.empty();
  }

  /** An Add of a constant vector. */
  record Biased(Node add, String value, String bias) {}

  /** Whether nothing outside these nodes sees what they write, but for one value. */
  boolean isClosed(List<Node> nodes, String result) {
    Set<Node> inside = new HashSet<>(nodes);
    for (Node node : nodes) {
      for (String output : node.outputs()) {
        if (!output.equals(result)
            && (graph.isOutput(output) || !inside.containsAll(graph.consumers(output)))) {
          return false;
        }
      }
    }
    return true;
  }

  /** Whether a reduction runs over the last axis alone and keeps it. */
  boolean reducesLastAxis(Node reduction) {
    List<Long> axes = reduction.integers("axes");
    if (axes.isEmpty()) {
      axes =
          graph
              .integers(reduction.input(1))
              .map(values -> Arrays.stream(values).boxed().toList())
              .orElse(List.of());
    }
    return axes.equals(List.of(-1L)) && reduction.integer("keepdims", 1) == 1;
  }

  /** The axes of an Unsqueeze, which newer operator sets take as an input. */
  List<Long> axes(Node unsqueeze) {
    List<Long> axes = unsqueeze.integers("axes");
    return axes.isEmpty()
        ? graph
            .integers(unsqueeze.input(1))
            .map(values -> Arrays.stream(values).boxed().toList())
            .orElse(List.of())
        : axes;
  }
}
