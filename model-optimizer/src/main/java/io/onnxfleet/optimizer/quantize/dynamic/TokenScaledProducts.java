package io.onnxfleet.optimizer.quantize.dynamic;

import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Graph;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One scale for each token of a value, or for each of its rows: what becomes of a token depends on
 * nothing beside it.
 */
final class TokenScaledProducts implements ScaledProducts {
  /*
   * Per-token quantization of activations: Z. Yao et al., "ZeroQuant", 2022; G. Xiao et al.,
   * "SmoothQuant", 2023. With x a token, r its largest magnitude and w a column of weights,
   *
   *   q = round(x / r * n) + z        y = r * 1/n * scale(w) * sum((q - z) int8(w)).
   *
   * ONNX Runtime has no operator that does this as a whole, and its QuantizeLinear along an axis
   * costs more than a product and a QuantizeLinear by one scale, here 1/n. So r is divided out before
   * and multiplied in afterwards. What that costs are the passes over x and y, and what each node
   * costs by itself. Where it is known from which operator x comes, it need not be searched for its
   * least element, and has more of the 256 steps:
   *
   *   x may be    z     n
   *   anything   128   127
   *   >= 0         0   255
   *   >= -0.17    32   223, r at least 0.17 * 223 / 32
   *
   * A token of zeros has no 1/r. Whatever q becomes then, y is multiplied by r, and so is zero.
   */

  /** From this operator set on reductions take their axes as an input. */
  private static final long AXES_AS_INPUT = 18;

  private static final Set<String> NEVER_NEGATIVE =
      Set.of("Relu", "Sigmoid", "Softmax", "Softplus");

  /** The least that any of these gives is -0.16997. */
  private static final Set<String> GELU = Set.of("BiasGelu", "FastGelu", "Gelu", "QuickGelu");

  private static final float LEAST_GELU = 0.17f;

  private final Graph graph;
  private final long operatorSet;
  private final Map<String, Activation> activations = new HashMap<>();
  private final Map<String, String> constants = new HashMap<>();

  TokenScaledProducts(Graph graph, long operatorSet) {
    this.graph = graph;
    this.operatorSet = operatorSet;
  }

  /**
   * A value in 8 bits.
   *
   * @param largest the largest magnitude of each token
   * @param step a constant: how much of that one of the 256 steps is
   * @param zeroPoint a constant
   */
  private record Activation(String values, String largest, String step, String zeroPoint) {}

  /** What is known of a value before the model runs. */
  private enum Range {
    ANYTHING(128),
    POSITIVE(0),
    OF_GELU(32);

    /** Where its zero lies among 0 to 255. */
    private final int zeroPoint;

    Range(int zeroPoint) {
      this.zeroPoint = zeroPoint;
    }

    /** The steps from zero to the largest element. */
    int steps() {
      return 255 - zeroPoint;
    }
  }

  private Range range(String value) {
    return graph
        .producer(value)
        .map(
            node ->
                NEVER_NEGATIVE.contains(node.operator())
                    ? Range.POSITIVE
                    : GELU.contains(node.operator()) ? Range.OF_GELU : Range.ANYTHING)
        .orElse(Range.ANYTHING);
  }

  private Activation activation(String value) {
    return activations.computeIfAbsent(value, this::quantized);
  }

  private Activation quantized(String value) {
    Range range = range(value);
    String highest = reduced("ReduceMax", value);
    String largest =
        switch (range) {
          case POSITIVE -> highest;
          case OF_GELU -> {
            float least = LEAST_GELU * range.steps() / range.zeroPoint;
            yield add("Max", value + "_largest", highest, constant("least_range", least));
          }
          case ANYTHING -> {
            String depth = add("Neg", value + "_depth", reduced("ReduceMin", value));
            yield add("Max", value + "_largest", highest, depth);
          }
        };
    String inverse = add("Reciprocal", value + "_inverse", largest);
    String share = add("Mul", value + "_share", value, inverse);
    String step = constant("step_" + range.steps(), 1f / range.steps());
    String zeroPoint = zeroPoint(range.zeroPoint);
    return new Activation(
        add("QuantizeLinear", value + "_quantized", share, step, zeroPoint),
        largest,
        step,
        zeroPoint);
  }

  private String reduced(String operator, String value) {
    String name = graph.freshName(value + "_" + operator);
    Node.Builder node = Node.of(operator, name).outputs(name).with("keepdims", 1);
    if (operatorSet >= AXES_AS_INPUT) {
      node.inputs(value, constants.computeIfAbsent("last_axis", this::lastAxis));
    } else {
      node.inputs(value).with("axes", List.of(-1L));
    }
    graph.add(node.build());
    return name;
  }

  private String lastAxis(String name) {
    return graph.addConstant(graph.freshName(name), Tensor.ofLongs(new long[] {-1}, 1));
  }

  private String zeroPoint(int value) {
    return constants.computeIfAbsent(
        "zero_point_" + value,
        name ->
            graph.addConstant(
                graph.freshName(name),
                Tensor.ofBytes(ElementType.UINT8, new byte[] {(byte) value})));
  }

  private String constant(String name, float value) {
    return constants.computeIfAbsent(
        name, _ -> graph.addConstant(graph.freshName(name), Tensor.ofFloats(new float[] {value})));
  }

  private String add(String operator, String wanted, String... inputs) {
    String name = graph.freshName(wanted);
    graph.add(Node.of(operator, name).inputs(inputs).outputs(name).build());
    return name;
  }

  @Override
  public List<Node> product(String value, Stored weights, String name, String result) {
    Activation activation = activation(value);
    String product = graph.freshName(result + "_int8_product");
    return List.of(
        Node.microsoft("MatMulIntegerToFloat", name + "_int8")
            .inputs(
                activation.values(),
                weights.values(),
                activation.step(),
                weights.scales(),
                activation.zeroPoint())
            .outputs(product)
            .build(),
        Node.of("Mul", name + "_scaled")
            .inputs(product, activation.largest())
            .outputs(result)
            .build());
  }
}
