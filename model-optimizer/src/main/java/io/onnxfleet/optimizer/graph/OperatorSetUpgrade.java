package io.onnxfleet.optimizer.graph;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.proto.AttributeProto;
import io.onnxfleet.optimizer.proto.GraphProto;
import io.onnxfleet.optimizer.proto.NodeProto;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Rewrites a model of ONNX's operators of version 7 to 12 as one of version 13, the first with
 * scales an axis. Operators whose meaning stayed are taken as they are, others are rewritten; what
 * is neither is refused by name.
 */
public final class OperatorSetUpgrade {
  public static final long TARGET = 13;

  private static final long LOWEST = 7;

  private static final Set<String> UNCHANGED =
      Set.of(
          "Abs",
          "Acos",
          "Acosh",
          "Add",
          "And",
          "ArgMax",
          "ArgMin",
          "Asin",
          "Asinh",
          "Atan",
          "Atanh",
          "AveragePool",
          "BatchNormalization",
          "BitShift",
          "Cast",
          "Ceil",
          "Celu",
          "Compress",
          "Concat",
          "Constant",
          "ConstantOfShape",
          "Conv",
          "ConvInteger",
          "ConvTranspose",
          "Cos",
          "Cosh",
          "CumSum",
          "DepthToSpace",
          "DequantizeLinear",
          "Div",
          "DynamicQuantizeLinear",
          "Einsum",
          "Elu",
          "Equal",
          "Erf",
          "Exp",
          "Expand",
          "EyeLike",
          "Flatten",
          "Floor",
          "GRU",
          "Gather",
          "GatherElements",
          "GatherND",
          "Gemm",
          "GlobalAveragePool",
          "GlobalLpPool",
          "GlobalMaxPool",
          "Greater",
          "GreaterOrEqual",
          "HardSigmoid",
          "Identity",
          "InstanceNormalization",
          "IsInf",
          "IsNaN",
          "LRN",
          "LSTM",
          "LeakyRelu",
          "Less",
          "LessOrEqual",
          "Log",
          "LpNormalization",
          "LpPool",
          "MatMul",
          "MatMulInteger",
          "Max",
          "MaxPool",
          "Mean",
          "MeanVarianceNormalization",
          "Min",
          "Mod",
          "Mul",
          "Neg",
          "NonMaxSuppression",
          "NonZero",
          "Not",
          "OneHot",
          "Or",
          "PRelu",
          "Pow",
          "QLinearConv",
          "QLinearMatMul",
          "QuantizeLinear",
          "RNN",
          "Range",
          "Reciprocal",
          "ReduceL1",
          "ReduceL2",
          "ReduceLogSum",
          "ReduceLogSumExp",
          "ReduceMax",
          "ReduceMean",
          "ReduceMin",
          "ReduceProd",
          "ReduceSumSquare",
          "Relu",
          "Reshape",
          "ReverseSequence",
          "RoiAlign",
          "Round",
          "ScatterElements",
          "ScatterND",
          "Selu",
          "Shape",
          "Shrink",
          "Sigmoid",
          "Sign",
          "Sin",
          "Sinh",
          "Size",
          "Softplus",
          "Softsign",
          "SpaceToDepth",
          "Sqrt",
          "Sub",
          "Sum",
          "Tan",
          "Tanh",
          "ThresholdedRelu",
          "Tile",
          "Transpose",
          "Unique",
          "Where",
          "Xor");

  private static final Set<String> WITH_SUBGRAPHS = Set.of("If", "Loop", "Scan");
  private static final Set<String> SUBGRAPHS = Set.of("body", "then_branch", "else_branch");

  /** Taken as they are, but for an attribute of a certain version. */
  private static final Set<String> MOVED_LATE = Set.of("BatchNormalization");

  /** What became an input in version 13; without the attribute the operator stayed. */
  private static final Map<String, String> ATTRIBUTE_MOVED =
      Map.of("Split", "split", "Squeeze", "axes", "ReduceSum", "axes");

  private final OnnxModel model;
  private final Graph graph;
  private final long version;

  private OperatorSetUpgrade(OnnxModel model) {
    this.model = model;
    this.graph = model.graph();
    this.version = model.operatorSet();
  }

  /**
   * Changes a model, if it is older.
   *
   * @throws OptimizerException naming an operator that cannot be carried over
   */
  public static void apply(OnnxModel model) {
    if (model.operatorSet() < TARGET) {
      new OperatorSetUpgrade(model).apply();
    }
  }

  private void apply() {
    if (version < LOWEST) {
      throw new OptimizerException("operator set %d (expected: >= %d)".formatted(version, LOWEST));
    }
    for (Node node : graph.nodes()) {
      if (!node.domain().isEmpty()) {
        continue;
      }
      List<Node> upgraded = upgrade(node);
      if (upgraded.size() != 1 || upgraded.getFirst() != node) {
        graph.replace(List.of(node), upgraded);
      }
    }
    model.setOperatorSet(TARGET);
  }

  private List<Node> upgrade(Node node) {
    return isOverAxes(node) ? softmax(node) : List.of(upgradeOne(node));
  }

  private Node upgradeOne(Node node) {
    if (WITH_SUBGRAPHS.contains(node.operator())) {
      if (node.is("Scan") && version < 9) {
        // It had a batch's dimension then.
        throw refused(node);
      }
      for (String name : SUBGRAPHS) {
        node.attribute(name).ifPresent(body -> requireUnchanged(node, body.getG()));
      }
      return node;
    }
    return switch (node.operator()) {
      case "BatchNormalization" -> {
        if (node.integer("spatial", 1) != 1) {
          throw refused(node);
        }
        yield node.without("spatial");
      }
      case "Clip" ->
          version >= 11
              ? node
              : withConstants(
                  node.without("min").without("max"),
                  Tensor.ofFloats(new float[] {node.number("min", -Float.MAX_VALUE)}),
                  Tensor.ofFloats(new float[] {node.number("max", Float.MAX_VALUE)}));
      case "Dropout" -> {
        if (version >= 12) {
          yield node;
        }
        // Models are run, not trained: nothing is dropped.
        yield node.without("ratio").without("is_test");
      }
      case "Pad" -> {
        if (version >= 11) {
          yield node;
        }
        yield withConstants(
            node.without("pads").without("value"),
            longs(node.integers("pads")),
            Tensor.ofFloats(new float[] {node.number("value", 0)}));
      }
      case "Slice" -> {
        if (version >= 10) {
          yield node;
        }
        List<Tensor> tensors =
            new ArrayList<>(List.of(longs(node.integers("starts")), longs(node.integers("ends"))));
        if (!node.integers("axes").isEmpty()) {
          tensors.add(longs(node.integers("axes")));
        }
        yield withConstants(
            node.without("starts").without("ends").without("axes"), tensors.toArray(Tensor[]::new));
      }
      case "Squeeze", "Unsqueeze", "ReduceSum" ->
          node.integers("axes").isEmpty()
              ? node
              : withConstants(node.without("axes"), longs(node.integers("axes")));
      case "Split" ->
          node.integers("split").isEmpty()
              ? node
              : withConstants(node.without("split"), longs(node.integers("split")));
      case "TopK" -> {
        if (version >= 11) {
          yield node;
        }
        throw refused(node);
      }
      case "Resize" -> {
        if (version >= 11) {
          yield node;
        }
        throw refused(node);
      }
      default -> {
        if (UNCHANGED.contains(node.operator())) {
          yield node;
        }
        throw refused(node);
      }
    };
  }

  /** Nodes in a subgraph are not rewritten, so that each must mean the same as it stands. */
  private void requireUnchanged(Node node, GraphProto body) {
    for (NodeProto inner : body.getNodeList()) {
      for (AttributeProto attribute : inner.getAttributeList()) {
        if (SUBGRAPHS.contains(attribute.getName())) {
          requireUnchanged(node, attribute.getG());
        }
      }
      boolean unchanged =
          !inner.getDomain().isEmpty()
              || WITH_SUBGRAPHS.contains(inner.getOpType())
              || (UNCHANGED.contains(inner.getOpType()) && !MOVED_LATE.contains(inner.getOpType()))
              || (ATTRIBUTE_MOVED.containsKey(inner.getOpType())
                  && inner.getAttributeList().stream()
                      .noneMatch(
                          attribute ->
                              attribute.getName().equals(ATTRIBUTE_MOVED.get(inner.getOpType()))));
      if (!unchanged) {
        throw new OptimizerException(
            "%s of operator set %d holds %s '%s' (expected: operators whose meaning stayed up to %d)"
                .formatted(
                    node.description(), version, inner.getOpType(), inner.getName(), TARGET));
      }
    }
  }

  private static boolean isOverAxes(Node node) {
    return List.of("Softmax", "LogSoftmax", "Hardmax").contains(node.operator());
  }

  /**
   * Until version 12 it ran over all axes from the named one on, since then over that alone. Where
   * that is not known to be the last one, what it runs over becomes one axis, and then as many as
   * there were.
   */
  private List<Node> softmax(Node node) {
    long axis = node.integer("axis", 1);
    if (axis == -1 || axis == lastAxis(node)) {
      return List.of(node.withInteger("axis", axis));
    }
    String output = node.output();
    String shape = graph.freshName(output + "_shape");
    String flat = graph.freshName(output + "_flat");
    String result = graph.freshName(output + "_result");
    return List.of(
        Node.of("Shape", shape).inputs(node.input(0)).outputs(shape).build(),
        Node.of("Flatten", flat).inputs(node.input(0)).outputs(flat).with("axis", axis).build(),
        node.withInputs(List.of(flat)).withOutputs(List.of(result)).withInteger("axis", -1),
        Node.of("Reshape", output + "_reshaped").inputs(result, shape).outputs(output).build());
  }

  /** -1 if nothing says how many there are. */
  private int lastAxis(Node node) {
    return graph
        .declaration(node.output())
        .or(() -> graph.declaration(node.input(0)))
        .filter(info -> info.getType().getTensorType().hasShape())
        .map(info -> info.getType().getTensorType().getShape().getDimCount() - 1)
        .orElse(-1);
  }

  private Node withConstants(Node node, Tensor... tensors) {
    List<String> inputs = new ArrayList<>(node.inputs());
    for (Tensor tensor : tensors) {
      Tensor shaped = tensor.type() == ElementType.FLOAT ? tensor.reshaped() : tensor;
      inputs.add(graph.addConstant(graph.freshName(node.output() + "_" + inputs.size()), shaped));
    }
    return node.withInputs(inputs);
  }

  private static Tensor longs(List<Long> values) {
    return Tensor.ofLongs(values.stream().mapToLong(Long::longValue).toArray(), values.size());
  }

  private OptimizerException refused(Node node) {
    return new OptimizerException(
        "%s of operator set %d (expected: one of %d or later, or an operator that can be carried over)"
            .formatted(node.description(), version, TARGET));
  }
}
