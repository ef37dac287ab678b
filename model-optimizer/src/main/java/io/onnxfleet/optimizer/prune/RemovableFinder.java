package io.onnxfleet.optimizer.prune;

import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Graph;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.Tensor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Finds where a graph can lose neurons, heads or channels. */
final class RemovableFinder {
  /** What takes each element by itself, perhaps with a constant or another such value. */
  private static final Set<String> ELEMENT_WISE =
      Set.of(
          "Abs",
          "Add",
          "Clip",
          "Div",
          "Elu",
          "Erf",
          "Exp",
          "Gelu",
          "HardSigmoid",
          "HardSwish",
          "Identity",
          "LeakyRelu",
          "Max",
          "Min",
          "Mul",
          "Neg",
          "Pow",
          "PRelu",
          "Relu",
          "Selu",
          "Sigmoid",
          "Softplus",
          "Softsign",
          "Sqrt",
          "Sub",
          "Tanh");

  private static final Set<String> MICROSOFT_ELEMENT_WISE =
      Set.of("BiasGelu", "FastGelu", "Gelu", "QuickGelu");

  private static final Set<String> POOLS = Set.of("MaxPool", "AveragePool", "GlobalAveragePool");

  private final Graph graph;

  RemovableFinder(Graph graph) {
    this.graph = graph;
  }

  /** In the order of the graph. */
  List<Removable> find(Structure structure) {
    List<Removable> found = new ArrayList<>();
    for (Node node : graph.sort()) {
      Optional<Removable> removable =
          switch (structure) {
            case NEURONS -> neurons(node);
            case HEADS -> heads(node);
            case CHANNELS -> channels(node);
          };
      removable.ifPresent(found::add);
    }
    return found;
  }

  private Optional<Removable> neurons(Node consumer) {
    if (!Weights.isProduct(graph, consumer)) {
      return Optional.empty();
    }
    int width = Weights.inputs(graph, consumer);
    return region(consumer, width, 1, false)
        .map(
            region ->
                new Removable(
                    Structure.NEURONS,
                    region.source(),
                    region.between(),
                    consumer,
                    consumer.input(0),
                    width,
                    1));
  }

  private Optional<Removable> channels(Node consumer) {
    if (!Weights.isConvolution(graph, consumer)) {
      return Optional.empty();
    }
    Tensor kernel = graph.constant(consumer.input(1)).orElseThrow();
    int channels = Math.toIntExact(kernel.dimension(1));
    int size = Math.toIntExact(kernel.dimension(2) * kernel.dimension(3));
    return region(consumer, channels, 3, true)
        .map(
            region ->
                new Removable(
                    Structure.CHANNELS,
                    region.source(),
                    region.between(),
                    consumer,
                    consumer.input(0),
                    channels,
                    size));
  }

  private Optional<Removable> heads(Node attention) {
    if (!attention.operator().equals("Attention")
        || !attention.domain().equals(Node.MICROSOFT_DOMAIN)
        || attention.attribute("qkv_hidden_sizes").isPresent()
        || attention.outputs().size() > 1
        || attention.inputs().size() > 4
        || matrix(attention.input(1)).isEmpty()
        || graph.constant(attention.input(2)).isEmpty()) {
      return Optional.empty();
    }
    int heads = Math.toIntExact(attention.integer("num_heads", 0));
    int width = Math.toIntExact(matrix(attention.input(1)).orElseThrow().dimension(1) / 3);
    return graph
        .onlyConsumer(attention.output())
        .filter(consumer -> Weights.isProduct(graph, consumer))
        .filter(consumer -> consumer.input(0).equals(attention.output()))
        .filter(consumer -> heads > 1 && width % heads == 0)
        .map(
            consumer ->
                new Removable(
                    Structure.HEADS,
                    attention,
                    List.of(),
                    consumer,
                    attention.output(),
                    heads,
                    width / heads));
  }

  private Optional<Tensor> matrix(String name) {
    return graph
        .constant(name)
        .filter(tensor -> tensor.rank() == 2 && tensor.type() == ElementType.FLOAT);
  }

  private record Region(Node source, List<Node> between) {}

  /**
   * Goes back from a consumer over what takes each place by itself, to the one layer that all of it
   * comes from. Empty if there is more than one, or if anything else sees what lies between.
   *
   * @param trailing axes behind that of neurons or channels, and one more
   */
  private Optional<Region> region(Node consumer, int width, int trailing, boolean channels) {
    Set<Node> between = new LinkedHashSet<>();
    @Nullable Node source = null;
    Deque<String> open = new ArrayDeque<>(List.of(consumer.input(0)));
    while (!open.isEmpty()) {
      @Nullable Node node = graph.producer(open.remove()).orElse(null);
      if (node == null) {
        return Optional.empty();
      }
      boolean layer =
          channels ? Weights.isConvolution(graph, node) : Weights.isProduct(graph, node);
      if (layer && Weights.outputs(graph, node) == width) {
        if (source != null && source != node) {
          return Optional.empty();
        }
        source = node;
      } else if (isPassable(node, width, trailing, channels)) {
        if (between.add(node)) {
          node.inputs().stream()
              .filter(input -> !input.isEmpty() && graph.constant(input).isEmpty())
              .forEach(open::add);
        }
      } else {
        return Optional.empty();
      }
    }
    if (source == null) {
      return Optional.empty();
    }
    Set<Node> inside = new HashSet<>(between);
    inside.add(consumer);
    List<Node> writers = new ArrayList<>(between);
    writers.add(source);
    for (Node writer : writers) {
      for (String output : writer.outputs()) {
        if (graph.isOutput(output) || !inside.containsAll(graph.consumers(output))) {
          return Optional.empty();
        }
      }
    }
    // The consumer must see the value as its data alone.
    return consumer.inputs().stream().filter(consumer.input(0)::equals).count() == 1
        ? Optional.of(new Region(source, List.copyOf(between)))
        : Optional.empty();
  }

  private boolean isPassable(Node node, int width, int trailing, boolean channels) {
    boolean elementWise =
        node.domain().isEmpty()
            ? ELEMENT_WISE.contains(node.operator())
            : node.domain().equals(Node.MICROSOFT_DOMAIN)
                && MICROSOFT_ELEMENT_WISE.contains(node.operator());
    if (elementWise) {
      return node.captured().isEmpty()
          && node.inputs().stream().allMatch(input -> isSliceable(input, width, trailing));
    }
    if (!channels || !node.domain().isEmpty()) {
      return false;
    }
    boolean pool = POOLS.contains(node.operator()) && node.outputs().size() == 1;
    boolean normalization = node.is("BatchNormalization") && node.outputs().size() == 1;
    return pool || normalization || Weights.isDepthwise(graph, node, width);
  }

  /** A computed value, a constant that is one number, or one with a number a place. */
  private boolean isSliceable(String input, int width, int trailing) {
    Optional<Tensor> constant = graph.constant(input);
    if (constant.isEmpty()) {
      return input.isEmpty() || graph.producer(input).isPresent();
    }
    return constant.get().elements() == 1 || Weights.axisOf(constant.get(), width, trailing) >= 0;
  }
}
