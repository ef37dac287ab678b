package io.onnxfleet.optimizer.precision;

import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Graph;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.proto.TypeProto;
import io.onnxfleet.optimizer.proto.ValueInfoProto;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Rewrites nodes of a graph in FP16. Between them and the others stand Casts; every FP32 value that
 * is still used keeps its name, so that what subgraphs capture stays true.
 */
final class HalfGraph {
  /** Their schemas know no FP16, or they make numbers rather than take them. */
  private static final Set<String> FP32_ONLY =
      Set.of(
          "Bernoulli",
          "ConstantOfShape",
          "ConvInteger",
          "DequantizeLinear",
          "DynamicQuantizeLinear",
          "EyeLike",
          "MatMulInteger",
          "MelWeightMatrix",
          "Multinomial",
          "NonMaxSuppression",
          "Optional",
          "OptionalGetElement",
          "QLinearConv",
          "QLinearMatMul",
          "QuantizeLinear",
          "RandomNormal",
          "RandomNormalLike",
          "RandomUniform",
          "RandomUniformLike",
          "Range",
          "SequenceAt",
          "SequenceConstruct",
          "SequenceEmpty",
          "SequenceInsert",
          "SplitToSequence",
          "StringNormalizer",
          "TfIdfVectorizer");

  private static final Set<String> OF_MICROSOFT =
      Set.of(
          "Attention",
          "BiasGelu",
          "EmbedLayerNormalization",
          "FastGelu",
          "FusedMatMul",
          "Gelu",
          "MultiHeadAttention",
          "QuickGelu",
          "SkipLayerNormalization");

  /** Inputs that are FP32 whatever the node computes in. */
  private static final Map<String, Set<Integer>> FP32_INPUTS =
      Map.of("Resize", Set.of(1, 2), "Upsample", Set.of(1));

  private final Graph graph;
  private final Map<String, ElementType> types;
  private final Set<String> captured = new HashSet<>();

  /** What is FP16, by its FP32 name. */
  private final Map<String, String> halves = new HashMap<>();

  /** The FP32 names of values whose own name is FP16 now: those of converted inputs and outputs. */
  private final Map<String, String> wholes = new HashMap<>();

  private HalfGraph(Graph graph, Map<String, ElementType> types) {
    this.graph = graph;
    this.types = types;
    graph.nodes().forEach(node -> captured.addAll(node.captured()));
  }

  /** The nodes that can compute in FP16, in their order. */
  static List<Node> candidates(
      OnnxModel model, Map<String, ElementType> types, PrecisionOptions options) {
    HalfGraph half = new HalfGraph(model.graph(), types);
    return model.graph().sort().stream()
        .filter(node -> half.canConvert(node))
        .filter(node -> !options.blockedOperators().contains(node.operator()))
        .filter(node -> !options.blockedNodes().contains(node.name()))
        .toList();
  }

  /** The first node that takes or gives FP32 and cannot compute in FP16. */
  static Optional<Node> obstacle(OnnxModel model, Map<String, ElementType> types) {
    HalfGraph half = new HalfGraph(model.graph(), types);
    return model.graph().sort().stream()
        .filter(node -> !node.is("Constant") && !half.canConvert(node))
        .filter(
            node ->
                node.inputs().stream().anyMatch(half::isFloat)
                    || node.outputs().stream().anyMatch(half::isFloat))
        .findFirst();
  }

  private boolean canConvert(Node node) {
    boolean known =
        node.domain().isEmpty()
            ? !FP32_ONLY.contains(node.operator())
            : node.domain().equals(Node.MICROSOFT_DOMAIN) && OF_MICROSOFT.contains(node.operator());
    if (!known || node.is("Constant") || hasSubgraph(node) || node.outputs().isEmpty()) {
      return false;
    }
    if (node.operator().endsWith("LayerNormalization")
        && node.outputs().stream().skip(1).limit(2).anyMatch(output -> !output.isEmpty())) {
      // Mean and deviation are FP32 always.
      return false;
    }
    return node.outputs().stream().anyMatch(this::isFloat)
        || convertedInputs(node).stream().anyMatch(index -> isFloat(node.input(index)));
  }

  private static boolean hasSubgraph(Node node) {
    return !node.captured().isEmpty()
        || List.of("body", "then_branch", "else_branch").stream()
            .anyMatch(name -> node.attribute(name).isPresent());
  }

  private boolean isFloat(String value) {
    return !value.isEmpty()
        && (types.get(value) == ElementType.FLOAT || constant(value).isPresent());
  }

  private Optional<Tensor> constant(String value) {
    return graph.constant(value).filter(tensor -> tensor.type() == ElementType.FLOAT);
  }

  private static List<Integer> convertedInputs(Node node) {
    Set<Integer> kept =
        node.domain().isEmpty() ? FP32_INPUTS.getOrDefault(node.operator(), Set.of()) : Set.of();
    List<Integer> indices = new ArrayList<>();
    for (int index = 0; index < node.inputs().size(); index++) {
      if (!kept.contains(index)) {
        indices.add(index);
      }
    }
    return indices;
  }

  /**
   * Rewrites.
   *
   * @param chosen the first outputs of the nodes that compute in FP16
   */
  static void apply(
      OnnxModel model, Map<String, ElementType> types, Set<String> chosen, boolean keepIo) {
    HalfGraph half = new HalfGraph(model.graph(), types);
    if (!keepIo) {
      half.convertInputs();
    }
    Map<String, String> inputs = Map.copyOf(half.wholes);
    half.convert(chosen, keepIo);
    // Only now, so that they read the inputs themselves.
    inputs.forEach((value, whole) -> half.graph.add(cast(value, whole, ElementType.FLOAT)));
    model.graph().forgetShapes();
    model.graph().removeUnused();
  }

  /** Rounds in FP32 what nodes take and give as {@link #apply} would have it in FP16. */
  static void emulate(OnnxModel model, Map<String, ElementType> types, Set<String> chosen) {
    HalfGraph half = new HalfGraph(model.graph(), types);
    half.emulate(chosen);
    model.graph().removeUnused();
  }

  /*
   * On a CPU, ONNX Runtime computes FP16 nodes in FP32 and drops the conversions between them, so
   * that a run shows nothing of what a GPU would lose. Here every number that a GPU would hold in
   * FP16 is rounded to its 11 bits (T. J. Dekker, "A floating-point technique for extending the
   * available precision", 1971): with y = 8193 x, it is y - (y - x).
   */
  private void emulate(Set<String> chosen) {
    String factor =
        graph.addConstant(graph.freshName("splitter"), Tensor.ofFloats(new float[] {8193}));
    for (Node node : graph.sort()) {
      if (node.is("Constant") || node.outputs().isEmpty() || !chosen.contains(node.output())) {
        continue;
      }
      List<Node> fresh = new ArrayList<>();
      List<String> inputs = new ArrayList<>(node.inputs());
      for (int index : convertedInputs(node)) {
        String input = inputs.get(index);
        boolean isRounded =
            graph.producer(input).map(Node::output).filter(chosen::contains).isPresent();
        if (!isFloat(input) || isRounded) {
          continue;
        }
        inputs.set(
            index,
            halves.computeIfAbsent(
                input,
                _ -> {
                  String name = graph.freshName(input + "_rounded");
                  Optional<Tensor> constant = constant(input);
                  if (constant.isPresent()) {
                    return graph.addConstant(name, HalfTensors.rounded(constant.get()));
                  }
                  fresh.addAll(rounding(input, name, factor));
                  return name;
                }));
      }
      List<String> outputs = new ArrayList<>(node.outputs());
      for (int index = 0; index < outputs.size(); index++) {
        String output = outputs.get(index);
        if (types.get(output) == ElementType.FLOAT) {
          outputs.set(index, graph.freshName(output + "_exact"));
          fresh.addAll(rounding(outputs.get(index), output, factor));
        }
      }
      fresh.addFirst(node.withInputs(inputs).withOutputs(outputs));
      graph.replace(List.of(node), fresh);
    }
  }

  private static List<Node> rounding(String from, String to, String factor) {
    String large = to + "_split";
    String rest = to + "_rest";
    return List.of(
        Node.of("Mul", large).inputs(from, factor).outputs(large).build(),
        Node.of("Sub", rest).inputs(large, from).outputs(rest).build(),
        Node.of("Sub", to + "_round").inputs(large, rest).outputs(to).build());
  }

  private void convertInputs() {
    List<ValueInfoProto> inputs = new ArrayList<>();
    for (ValueInfoProto input : graph.inputs()) {
      String name = input.getName();
      boolean convert =
          input.getType().getTensorType().getElemType() == ElementType.FLOAT.code()
              && !graph.isInitializer(name)
              && !captured.contains(name)
              && !graph.isOutput(name);
      inputs.add(convert ? asHalf(input) : input);
      if (convert) {
        halves.put(name, name);
        wholes.put(name, graph.freshName(name + "_fp32"));
      }
    }
    graph.redeclare(inputs, List.copyOf(graph.outputs()));
  }

  private static ValueInfoProto asHalf(ValueInfoProto info) {
    TypeProto.Builder type = info.getType().toBuilder();
    type.getTensorTypeBuilder().setElemType(ElementType.FLOAT16.code());
    return info.toBuilder().setType(type).build();
  }

  private void convert(Set<String> chosen, boolean keepIo) {
    Set<String> halfOutputs = new HashSet<>();
    if (!keepIo) {
      List<ValueInfoProto> outputs = new ArrayList<>();
      for (ValueInfoProto output : graph.outputs()) {
        String name = output.getName();
        boolean convert =
            output.getType().getTensorType().getElemType() == ElementType.FLOAT.code()
                && graph.producer(name).isPresent()
                && !captured.contains(name);
        outputs.add(convert ? asHalf(output) : output);
        if (convert) {
          halfOutputs.add(name);
          wholes.put(name, graph.freshName(name + "_fp32"));
        }
      }
      graph.redeclare(List.copyOf(graph.inputs()), outputs);
    }
    for (Node node : graph.sort()) {
      if (node.is("Constant")) {
        continue;
      }
      boolean half = !node.outputs().isEmpty() && chosen.contains(node.output());
      List<Node> fresh = new ArrayList<>();
      List<String> inputs = new ArrayList<>(node.inputs());
      List<Integer> converted = convertedInputs(node);
      for (int index = 0; index < inputs.size(); index++) {
        String input = inputs.get(index);
        if (half && isFloat(input) && converted.contains(index)) {
          inputs.set(index, half(input, fresh));
        } else {
          inputs.set(index, wholes.getOrDefault(input, input));
        }
      }
      List<String> outputs = new ArrayList<>(node.outputs());
      for (int index = 0; index < outputs.size(); index++) {
        String output = outputs.get(index);
        if (types.get(output) != ElementType.FLOAT) {
          continue;
        }
        boolean bare = halfOutputs.contains(output);
        if (half) {
          String name = bare ? output : graph.freshName(output + "_fp16");
          halves.put(output, name);
          outputs.set(index, name);
          fresh.add(cast(name, bare ? whole(output) : output, ElementType.FLOAT));
        } else if (bare) {
          outputs.set(index, whole(output));
          halves.put(output, output);
          fresh.add(cast(whole(output), output, ElementType.FLOAT16));
        }
      }
      Node changed = node.withInputs(inputs).withOutputs(outputs);
      if (half && node.is("Cast") && node.integer("to", 0) == ElementType.FLOAT.code()) {
        changed = changed.withInteger("to", ElementType.FLOAT16.code());
      }
      fresh.addFirst(changed);
      graph.replace(List.of(node), fresh);
    }
  }

  private String whole(String value) {
    @Nullable String whole = wholes.get(value);
    if (whole == null) {
      throw new IllegalStateException(value + " has no FP32 name");
    }
    return whole;
  }

  private String half(String value, List<Node> fresh) {
    @Nullable String known = halves.get(value);
    if (known != null) {
      return known;
    }
    String name = graph.freshName(value + "_fp16");
    Optional<Tensor> constant = constant(value);
    if (constant.isPresent()) {
      graph.addConstant(name, HalfTensors.of(constant.get(), ElementType.FLOAT16));
    } else {
      fresh.add(cast(value, name, ElementType.FLOAT16));
    }
    halves.put(value, name);
    return name;
  }

  private static Node cast(String from, String to, ElementType type) {
    return Node.of("Cast", to + "_cast").inputs(from).outputs(to).with("to", type.code()).build();
  }
}
