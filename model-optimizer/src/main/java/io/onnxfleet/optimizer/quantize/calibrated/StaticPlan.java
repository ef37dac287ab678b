package io.onnxfleet.optimizer.quantize.calibrated;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Graph;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.Tensor;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which nodes of a graph compute in 8 bits. Those with weights do where they can; sums, pools and
 * what only moves numbers do where their inputs come from such, so that no pair of conversions is
 * made for them alone.
 */
final class StaticPlan {
  private static final Set<String> WEIGHTED = Set.of("Conv", "MatMul", "Gemm");
  private static final Set<String> COMPUTING =
      Set.of("Add", "Mul", "AveragePool", "GlobalAveragePool", "Concat");
  private static final Set<String> MOVING =
      Set.of("MaxPool", "Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze");

  private final Graph graph;
  private final StaticOptions options;

  /** By the node's output as quantized: that of the activation behind it, if it takes that in. */
  private final Map<String, Step> steps = new LinkedHashMap<>();

  /**
   * A node in 8 bits.
   *
   * @param activation the Relu or Clip behind it that the range of its output makes superfluous
   * @param inputs the values among its inputs that are 8-bit
   * @param weight what is multiplied with
   */
  record Step(Node node, @Nullable Node activation, List<String> inputs, @Nullable Weight weight) {
    String output() {
      return activation == null ? node.output() : activation.output();
    }

    /** Whether it gives out the numbers that it takes in, and so with their scale. */
    boolean moves() {
      return MOVING.contains(node.operator());
    }
  }

  /**
   * Constant weights.
   *
   * @param axis on which each place has a scale of its own
   * @param bias what is added to the products
   */
  record Weight(String name, Tensor tensor, int axis, @Nullable Tensor bias) {
    int channels() {
      return Math.toIntExact(tensor.dimension(axis));
    }
  }

  private StaticPlan(Graph graph, StaticOptions options) {
    this.graph = graph;
    this.options = options;
  }

  static StaticPlan of(Graph graph, StaticOptions options) {
    Set<String> unknown = new HashSet<>(options.operators());
    unknown.removeAll(WEIGHTED);
    unknown.removeAll(COMPUTING);
    unknown.removeAll(MOVING);
    if (!unknown.isEmpty()) {
      throw new OptimizerException(
          "operator '%s' (expected one of: %s, %s, %s)"
              .formatted(unknown.iterator().next(), WEIGHTED, COMPUTING, MOVING));
    }
    StaticPlan plan = new StaticPlan(graph, options);
    plan.draw();
    return plan;
  }

  Collection<Step> steps() {
    return steps.values();
  }

  boolean isProduced(String value) {
    return steps.containsKey(value);
  }

  /** All values that are 8-bit somewhere. */
  Set<String> values() {
    Set<String> values = new LinkedHashSet<>();
    for (Step step : steps.values()) {
      values.addAll(step.inputs());
      values.add(step.output());
    }
    return values;
  }

  private void draw() {
    for (Node node : graph.sort()) {
      if (!node.domain().isEmpty()
          || options.excluded().contains(node.name())
          || (!options.operators().isEmpty() && !options.operators().contains(node.operator()))) {
        continue;
      }
      step(node).ifPresent(step -> steps.put(step.output(), step));
    }
  }

  private Optional<Step> step(Node node) {
    if (WEIGHTED.contains(node.operator())) {
      return weight(node)
          .filter(_ -> !node.input(0).isEmpty() && graph.constant(node.input(0)).isEmpty())
          .map(weight -> new Step(node, activation(node), List.of(node.input(0)), weight));
    }
    boolean moves = MOVING.contains(node.operator());
    if (!moves && !COMPUTING.contains(node.operator())) {
      return Optional.empty();
    }
    boolean joins = node.is("Add") || node.is("Mul") || node.is("Concat");
    List<String> inputs = joins ? node.inputs() : List.of(node.input(0));
    if (!inputs.stream().allMatch(this::isProduced) || node.outputs().size() > 1) {
      return Optional.empty();
    }
    @Nullable Node activation = moves || node.is("Concat") ? null : activation(node);
    return Optional.of(new Step(node, activation, List.copyOf(inputs), null));
  }

  private Optional<Weight> weight(Node node) {
    Optional<Tensor> tensor =
        graph.constant(node.input(1)).filter(found -> found.type() == ElementType.FLOAT);
    if (tensor.isEmpty() || tensor.get().elements() == 0) {
      return Optional.empty();
    }
    int axis = 0;
    switch (node.operator()) {
      case "Conv" -> {
        if (tensor.get().rank() < 3) {
          return Optional.empty();
        }
      }
      case "MatMul" -> axis = 1;
      default -> {
        if (node.integer("transA", 0) != 0
            || node.number("alpha", 1) != 1
            || node.number("beta", 1) != 1) {
          return Optional.empty();
        }
        axis = node.integer("transB", 0) == 1 ? 0 : 1;
      }
    }
    if (!node.is("Conv") && tensor.get().rank() != 2) {
      return Optional.empty();
    }
    if (node.is("MatMul") || node.input(2).isEmpty()) {
      return Optional.of(new Weight(node.input(1), tensor.get(), axis, null));
    }
    long channels = tensor.get().dimension(axis);
    int place = axis;
    return graph
        .constant(node.input(2))
        .filter(bias -> bias.type() == ElementType.FLOAT && bias.elements() == channels)
        .map(bias -> new Weight(node.input(1), tensor.get(), place, bias.reshaped(channels)));
  }

  /**
   * A Relu, or a Clip from zero on, that alone takes the output. UINT8 from zero on, as far as it
   * was seen to reach, cuts just so; a zero in the middle does not.
   */
  private @Nullable Node activation(Node node) {
    if (options.symmetric()) {
      return null;
    }
    return graph
        .onlyConsumer(node.output())
        .filter(next -> !options.excluded().contains(next.name()))
        .filter(
            next ->
                next.is("Relu")
                    || (next.is("Clip")
                        && graph.scalar(next.input(1)).filter(lowest -> lowest == 0).isPresent()))
        .orElse(null);
  }
}
