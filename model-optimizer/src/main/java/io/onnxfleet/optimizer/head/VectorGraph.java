package io.onnxfleet.optimizer.head;

import io.onnxfleet.engine.text.TextModel;
import io.onnxfleet.engine.textsettings.PoolingMode;
import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Graph;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.proto.TensorShapeProto;
import io.onnxfleet.optimizer.proto.TypeProto;
import io.onnxfleet.optimizer.proto.ValueInfoProto;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Puts into an encoder's graph what the fleet makes of its answer outside of it: the pooling of the
 * tokens that the mask counts, and the scale to length 1. Then a head can follow in the same graph.
 *
 * <p>Written in operators that mean the same in every operator set from 11 on, but for those that
 * reduce. Lives for one rewrite; not thread-safe.
 */
final class VectorGraph {
  /** The output of {@link #withHead}. */
  static final String LOGITS = "logits";

  private static final long OLDEST_OPERATORS = 11;

  /** From here on a sum takes its axes as an input. */
  private static final long SUM_BY_INPUT = 13;

  /** From here on all else that reduces does. */
  private static final long REDUCE_BY_INPUT = 18;

  /** Of vectors to divide by: sentence-transformers has the same bound. */
  private static final float LEAST_LENGTH = 1e-12f;

  private final OnnxModel onnx;
  private final Graph graph;
  private final TextModel model;

  private VectorGraph(OnnxModel onnx, TextModel model) {
    this.onnx = onnx;
    this.graph = onnx.graph();
    this.model = model;
  }

  /**
   * Makes an encoder's only output its texts' vectors.
   *
   * @return the output's name
   * @throws OptimizerException if they are made in a way that no graph here is written for
   */
  static String pool(OnnxModel onnx, TextModel model) {
    return new VectorGraph(onnx, model).pool();
  }

  /**
   * Makes such a graph's only output the logits of a linear head.
   *
   * @param vector the output that {@link #pool} made
   */
  static void withHead(OnnxModel onnx, String vector, Head head) {
    Graph graph = onnx.graph();
    if (!graph.freshName(LOGITS).equals(LOGITS)) {
      throw new OptimizerException(
          "the graph has a value '%s' already (expected: an encoder without a head)"
              .formatted(LOGITS));
    }
    String weights = graph.freshName("head_weights");
    graph.addConstant(
        weights, Tensor.ofFloats(head.weights(), head.dimensions(), head.labels().size()));
    String bias = graph.freshName("head_bias");
    graph.addConstant(bias, Tensor.ofFloats(head.bias(), head.labels().size()));
    graph.add(
        Node.of("Gemm", nodeName(graph, "head"))
            .inputs(vector, weights, bias)
            .outputs(LOGITS)
            .build());
    output(graph, LOGITS, head.labels().size());
  }

  private String pool() {
    refuseWhatIsElsewhere();
    String hidden = asFloats(model.output());
    List<String> pooled = new ArrayList<>();
    for (PoolingMode mode : model.pooling().modes()) {
      pooled.add(pooled(mode, hidden));
    }
    String vector = pooled.isEmpty() ? hidden : joined(pooled);
    if (model.settings().normalizes()) {
      vector = normalized(vector);
    }
    output(graph, vector, model.dimensions());
    graph.forgetShapes();
    return vector;
  }

  private void refuseWhatIsElsewhere() {
    if (onnx.operatorSet() < OLDEST_OPERATORS) {
      throw refused(
          "operator set " + onnx.operatorSet(), "%d or later".formatted(OLDEST_OPERATORS));
    }
    if (!model.settings().dense().isEmpty()) {
      throw refused("layers behind its pooling, " + model.settings().dense(), "none");
    }
    if (model.fixedLength() > 0) {
      throw refused("rows of %d tokens only".formatted(model.fixedLength()), "any number");
    }
    if (model.inputs().stream().anyMatch(input -> input.name().equals(TextModel.POSITION_IDS))) {
      throw refused("an input '" + TextModel.POSITION_IDS + "'", "ids, mask and types alone");
    }
  }

  private OptimizerException refused(String what, String expected) {
    return new OptimizerException(
        "model '%s' has %s, which a head cannot follow (expected: %s)"
            .formatted(model.name(), what, expected));
  }

  private String asFloats(String value) {
    return add("Cast", "vectors", builder -> builder.with("to", ElementType.FLOAT.code()), value);
  }

  private String joined(List<String> vectors) {
    return vectors.size() == 1
        ? vectors.getFirst()
        : add(
            "Concat", "joined", builder -> builder.with("axis", 1), vectors.toArray(String[]::new));
  }

  private String pooled(PoolingMode mode, String hidden) {
    return switch (mode) {
      case CLS -> weighted(at(0), hidden);
      case LAST_TOKEN -> weighted(at(1), hidden);
      case MAX -> maximum(hidden);
      case MEAN -> divided(weighted(mask(), hidden), count(mask()));
      case MEAN_SQRT_LEN -> divided(weighted(mask(), hidden), add("Sqrt", "root", count(mask())));
      case WEIGHTED_MEAN -> {
        String weights = add("Mul", "weights", places(), mask());
        yield divided(weighted(weights, hidden), count(weights));
      }
    };
  }

  /** 1 for each token that counts, as FP32 of [rows, tokens]. */
  private String mask() {
    boolean given =
        model.inputs().stream().anyMatch(input -> input.name().equals(TextModel.ATTENTION_MASK));
    if (given) {
      return add(
          "Cast",
          "mask",
          builder -> builder.with("to", ElementType.FLOAT.code()),
          TextModel.ATTENTION_MASK);
    }
    String ids =
        add(
            "Cast",
            "ids",
            builder -> builder.with("to", ElementType.FLOAT.code()),
            TextModel.INPUT_IDS);
    return add("Add", "mask", add("Mul", "zeros", ids, number(0)), number(1));
  }

  /** The place of each token that counts among those, from 1. */
  private String places() {
    return add("CumSum", "places", mask(), constant("axis", Tensor.ofLongs(new long[] {1})));
  }

  /** 1 for the first token that counts, or for the last, and 0 for all else. */
  private String at(int end) {
    String mask = mask();
    String places = places();
    // INVARIANT: the first token's place is 1, the last one's their number.
    String wanted = end == 0 ? number(1) : count(mask);
    String difference = add("Abs", "distance", add("Sub", "from_wanted", places, wanted));
    String near = add("Less", "near", difference, number(0.5f));
    String found =
        add("Cast", "found", builder -> builder.with("to", ElementType.FLOAT.code()), near);
    // Padding behind the last token has its place too.
    return add("Mul", "chosen", found, mask);
  }

  /** The sum of a row's tokens, each times its weight. */
  private String weighted(String weights, String hidden) {
    String row =
        add(
            "Reshape",
            "weights_row",
            weights,
            constant("row", Tensor.ofLongs(new long[] {0, 1, -1}, 3)));
    String sum = add("MatMul", "sum", row, hidden);
    return add("Reshape", "vector", sum, constant("flat", Tensor.ofLongs(new long[] {0, -1}, 2)));
  }

  private String maximum(String hidden) {
    String column =
        add(
            "Reshape",
            "mask_column",
            mask(),
            constant("column", Tensor.ofLongs(new long[] {0, -1, 1}, 3)));
    String counts = add("Greater", "counts", column, number(0.5f));
    String masked = add("Where", "masked", counts, hidden, number(-Float.MAX_VALUE));
    return reduced("ReduceMax", "maximum", masked, 1, false, REDUCE_BY_INPUT);
  }

  /** The sum over a row's tokens, of [rows, 1]. */
  private String count(String weights) {
    return reduced("ReduceSum", "count", weights, 1, true, SUM_BY_INPUT);
  }

  private String divided(String vector, String by) {
    // A row that is all padding is zeros, and not no number.
    return add("Div", "mean", vector, add("Max", "divisor", by, number(1)));
  }

  private String normalized(String vector) {
    String squares = add("Mul", "squares", vector, vector);
    String sum = reduced("ReduceSum", "square_sum", squares, 1, true, SUM_BY_INPUT);
    String length = add("Max", "length", add("Sqrt", "norm", sum), number(LEAST_LENGTH));
    return add("Div", "sentence_embedding", vector, length);
  }

  private String reduced(
      String operator, String name, String value, long axis, boolean keeps, long byInput) {
    long keepdims = keeps ? 1 : 0;
    if (onnx.operatorSet() >= byInput) {
      String axes = constant(name + "_axis", Tensor.ofLongs(new long[] {axis}, 1));
      return add(operator, name, builder -> builder.with("keepdims", keepdims), value, axes);
    }
    return add(
        operator,
        name,
        builder -> builder.with("keepdims", keepdims).with("axes", List.of(axis)),
        value);
  }

  /** What a node is given besides inputs and outputs. */
  private interface Attributes {
    Node.Builder on(Node.Builder builder);
  }

  private String add(String operator, String name, String... inputs) {
    return add(operator, name, builder -> builder, inputs);
  }

  private String add(String operator, String name, Attributes attributes, String... inputs) {
    String output = graph.freshName(name);
    graph.add(
        attributes
            .on(Node.of(operator, nodeName(graph, output)))
            .inputs(inputs)
            .outputs(output)
            .build());
    return output;
  }

  /** Names of nodes are apart from those of values, and as unique. */
  private static String nodeName(Graph graph, String wanted) {
    Set<String> taken = graph.nodes().stream().map(Node::name).collect(Collectors.toSet());
    String name = wanted;
    for (int number = 1; taken.contains(name); number++) {
      name = wanted + "_node_" + number;
    }
    return name;
  }

  private String number(float value) {
    return constant("number", Tensor.ofFloats(new float[] {value}));
  }

  private String constant(String name, Tensor tensor) {
    return graph.addConstant(graph.freshName(name), tensor);
  }

  /**
   * Makes FP32 rows the graph's only output, and drops what that does not need.
   *
   * @param width of a row, 0 if that is not known
   */
  private static void output(Graph graph, String name, int width) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    ValueInfoProto first = graph.requiredInputs().getFirst();
    shape.addDim(first.getType().getTensorType().getShape().getDim(0));
    TensorShapeProto.Dimension.Builder columns = TensorShapeProto.Dimension.newBuilder();
    shape.addDim(width > 0 ? columns.setDimValue(width) : columns.setDimParam("dimensions"));
    ValueInfoProto declared =
        ValueInfoProto.newBuilder()
            .setName(name)
            .setType(
                TypeProto.newBuilder()
                    .setTensorType(
                        TypeProto.Tensor.newBuilder()
                            .setElemType(ElementType.FLOAT.code())
                            .setShape(shape)))
            .build();
    graph.redeclare(List.copyOf(graph.inputs()), List.of(declared));
    graph.removeUnused();
  }
}
