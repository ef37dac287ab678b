package io.onnxfleet.optimizer.graph;

import io.onnxfleet.optimizer.OptimizerException;
import java.util.ArrayList;
import java.util.List;
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
          "Add",
          "And",
          "ArgMax",
          "ArgMin",
          "AveragePool",
          "BatchNormalization",
          "Cast",
          "Ceil",
          "Concat",
          "Constant",
          "ConstantOfShape",
          "Conv",
          "ConvTranspose",
          "Cos",
          "DepthToSpace",
          "Div",
          "Elu",
          "Equal",
          "Erf",
          "Exp",
          "Expand",
          "Flatten",
          "Floor",
          "GRU",
          "Gather",
          "GatherElements",
          "Gemm",
          "GlobalAveragePool",
          "GlobalMaxPool",
          "Greater",
          "HardSigmoid",
          "Identity",
          "InstanceNormalization",
          "LRN",
          "LSTM",
          "LeakyRelu",
          "Less",
          "Log",
          "MatMul",
          "Max",
          "MaxPool",
          "Min",
          "Mul",
          "Neg",
          "NonZero",
          "Not",
          "Or",
          "PRelu",
          "Pow",
          "RNN",
          "Reciprocal",
          "ReduceMax",
          "ReduceMean",
          "ReduceMin",
          "Relu",
          "Reshape",
          "Selu",
          "Shape",
          "Sigmoid",
          "Sin",
          "Softplus",
          "Softsign",
          "SpaceToDepth",
          "Sqrt",
          "Sub",
          "Sum",
          "Tanh",
          "Tile",
          "Transpose",
          "Where");

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
      Node upgraded = upgrade(node);
      if (upgraded != node) {
        graph.replace(List.of(node), List.of(upgraded));
      }
    }
    model.setOperatorSet(TARGET);
  }

  private Node upgrade(Node node) {
    if (!node.captured().isEmpty() || node.attribute("body").isPresent()) {
      throw refused(node);
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
      case "Softmax", "LogSoftmax" -> softmax(node);
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

  /** Until version 12 it ran over all axes from the named one on, since then over that alone. */
  private Node softmax(Node node) {
    long axis = node.integer("axis", 1);
    int rank =
        graph
            .declaration(node.output())
            .or(() -> graph.declaration(node.input(0)))
            .filter(info -> info.getType().getTensorType().hasShape())
            .map(info -> info.getType().getTensorType().getShape().getDimCount())
            .orElseThrow(() -> refused(node));
    if (axis != rank - 1 && axis != -1) {
      throw refused(node);
    }
    return node.withInteger("axis", axis);
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
