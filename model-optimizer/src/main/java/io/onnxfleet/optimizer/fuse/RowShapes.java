package io.onnxfleet.optimizer.fuse;

import io.onnxfleet.optimizer.graph.Graph;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.Tensor;
import java.util.Optional;
import java.util.Set;

/**
 * Shows that two values have the same shape, whatever the shapes of the inputs turn out to be:
 * every operator on the way from a common ancestor keeps all dimensions but the last, and the last
 * is known from the weights.
 */
final class RowShapes {
  private static final Set<String> KEEPING =
      Set.of(
          "LayerNormalization",
          "SkipLayerNormalization",
          "Gelu",
          "FastGelu",
          "BiasGelu",
          "Relu",
          "Tanh",
          "MultiHeadAttention",
          "Attention");

  private final Graph graph;

  RowShapes(Graph graph) {
    this.graph = graph;
  }

  boolean same(String one, String other) {
    Optional<Long> width = width(one);
    return width.isPresent() && width.equals(width(other)) && ancestor(one).equals(ancestor(other));
  }

  /**
   * The earliest value from which only operators lead here that keep all dimensions but the last.
   */
  String ancestor(String value) {
    String current = value;
    while (true) {
      Optional<Node> node = graph.producer(current);
      if (node.isEmpty()) {
        return current;
      }
      Optional<String> before = before(node.get());
      if (before.isEmpty()) {
        return current;
      }
      current = before.get();
    }
  }

  private Optional<String> before(Node node) {
    if (node.is("MatMul")) {
      return matrix(node.input(1)).map(_ -> node.input(0));
    }
    if (node.is("Add")) {
      for (int index = 0; index < 2; index++) {
        if (isVector(node.input(index))) {
          return Optional.of(node.input(1 - index));
        }
      }
      // A sum of two values of one shape has that shape. Not recursive: depth would be the model's.
      return ancestorOfSum(node);
    }
    if (node.outputs().size() >= 1 && KEEPING.contains(node.operator())) {
      return Optional.of(node.input(0));
    }
    return Optional.empty();
  }

  private Optional<String> ancestorOfSum(Node node) {
    Optional<Node> one = graph.producer(node.input(0));
    Optional<Node> other = graph.producer(node.input(1));
    // The residual of an unfused block: one side leads to the other.
    if (one.isPresent() && reaches(node.input(0), node.input(1))) {
      return Optional.of(node.input(1));
    }
    if (other.isPresent() && reaches(node.input(1), node.input(0))) {
      return Optional.of(node.input(0));
    }
    return Optional.empty();
  }

  private boolean reaches(String from, String to) {
    String current = from;
    while (!current.equals(to)) {
      Optional<Node> node = graph.producer(current).filter(found -> !isSum(found));
      Optional<String> before = node.flatMap(this::before);
      if (before.isEmpty()) {
        return false;
      }
      current = before.get();
    }
    return width(from).isPresent() && width(from).equals(width(to));
  }

  private boolean isSum(Node node) {
    return node.is("Add") && !isVector(node.input(0)) && !isVector(node.input(1));
  }

  private boolean isVector(String name) {
    return graph.constant(name).filter(tensor -> tensor.rank() <= 1).isPresent();
  }

  private Optional<Tensor> matrix(String name) {
    return graph.constant(name).filter(tensor -> tensor.rank() == 2);
  }

  /** The last dimension, where the weights say it. */
  Optional<Long> width(String value) {
    Optional<Node> producer = graph.producer(value);
    if (producer.isEmpty()) {
      return Optional.empty();
    }
    Node node = producer.get();
    if (node.is("MatMul")) {
      return matrix(node.input(1)).map(matrix -> matrix.dimension(1));
    }
    if (node.is("Add")) {
      for (int index = 0; index < 2; index++) {
        if (isVector(node.input(index))) {
          return width(node.input(1 - index));
        }
      }
      return ancestorOfSum(node).flatMap(this::width);
    }
    return switch (node.operator()) {
      case "LayerNormalization" -> vector(node.input(1));
      case "SkipLayerNormalization" -> vector(node.input(2));
      case "BiasGelu" -> vector(node.input(1));
      case "EmbedLayerNormalization" -> vector(node.input(5));
      default -> Optional.empty();
    };
  }

  private Optional<Long> vector(String name) {
    return graph
        .constant(name)
        .filter(tensor -> tensor.rank() == 1)
        .map(tensor -> tensor.dimension(0));
  }
}
