package io.onnxfleet.optimizer.quantize.calibrated;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.calibrate.Range;
import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Graph;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.graph.OperatorSetUpgrade;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.quantize.QuantizedWeights;
import io.onnxfleet.optimizer.quantize.calibrated.StaticOptions.Format;
import io.onnxfleet.optimizer.quantize.calibrated.StaticPlan.Step;
import io.onnxfleet.optimizer.quantize.calibrated.StaticPlan.Weight;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One graph that {@link StaticQuantization} changes, its ranges being known. Not thread-safe. */
final class StaticRewriting {
  /** A bias in steps of its product's scale stays well within 32 bits. */
  private static final float LARGEST_BIAS = 1 << 30;

  private final OnnxModel model;
  private final Graph graph;
  private final StaticOptions options;
  private final StaticPlan plan;
  private final Map<String, Eighth> values = new HashMap<>();

  /** The 8-bit form of a value: its name, its scale and its zero point, and what they are. */
  private record Eighth(String name, String scale, String zeroPoint, float step) {}

  private StaticRewriting(OnnxModel model, StaticOptions options) {
    this.model = model;
    this.graph = model.graph();
    this.options = options;
    this.plan = StaticPlan.of(graph, options);
  }

  /**
   * The values whose ranges {@link #apply} wants to know.
   *
   * @throws OptimizerException if nothing can be quantized, or an excluded name is none of its
   *     nodes
   */
  static Set<String> values(OnnxModel model, StaticOptions options) {
    model.graph().requireNodes(options.excluded(), "excluded");
    StaticPlan plan = StaticPlan.of(model.graph(), options);
    if (plan.steps().isEmpty()) {
      throw new OptimizerException(
          "nothing to quantize (expected: Conv, MatMul or Gemm with FP32 weights)");
    }
    return plan.values();
  }

  /** The nodes with weights that would compute in 8 bits. */
  static List<String> candidates(OnnxModel model, StaticOptions options) {
    return StaticPlan.of(model.graph(), options).steps().stream()
        .filter(step -> step.weight() != null && !step.node().name().isEmpty())
        .map(step -> step.node().name())
        .toList();
  }

  /**
   * Changes a model.
   *
   * @param ranges of its {@link #values}
   * @throws OptimizerException if its operators are too old to carry over
   */
  static StaticQuantization.Outcome apply(
      OnnxModel model, Map<String, Range> ranges, StaticOptions options) {
    OperatorSetUpgrade.apply(model);
    StaticRewriting quantization = new StaticRewriting(model, options);
    List<String> nodes =
        quantization.plan.steps().stream().map(step -> step.node().description()).toList();
    quantization.apply(ranges);
    return new StaticQuantization.Outcome(nodes);
  }

  private void apply(Map<String, Range> ranges) {
    for (String value : plan.values()) {
      if (!plan.isProduced(value)) {
        Eighth made = eighth(value, ranges);
        graph.add(
            Node.of("QuantizeLinear", made.name())
                .inputs(value, made.scale(), made.zeroPoint())
                .outputs(made.name())
                .build());
      }
    }
    // In the graph's order: what moves numbers takes over the scale of what it moves.
    for (Step step : plan.steps()) {
      Eighth output =
          step.moves()
              ? moved(step.output(), value(step.inputs().getFirst()))
              : eighth(step.output(), ranges);
      List<Node> old = new ArrayList<>(List.of(step.node()));
      if (step.activation() != null) {
        old.add(step.activation());
      }
      List<Node> fresh =
          options.format() == Format.QDQ ? pairs(step, output) : eightBit(step, output);
      graph.replace(old, fresh);
    }
    graph.removeUnused();
    if (options.format() == Format.QOPERATOR) {
      model.use(Node.MICROSOFT_DOMAIN, 1);
    }
  }

  private Eighth value(String name) {
    @Nullable Eighth known = values.get(name);
    if (known == null) {
      throw new IllegalStateException(name + " has no 8-bit form yet");
    }
    return known;
  }

  private Eighth eighth(String value, Map<String, Range> ranges) {
    @Nullable Range range = ranges.get(value);
    if (range == null) {
      throw new OptimizerException(
          "value '%s' has no range (expected: FP32 numbers in the samples' runs)".formatted(value));
    }
    float step;
    byte zero;
    if (options.symmetric()) {
      step = Math.max(range.largest() / 127, Float.MIN_NORMAL);
      zero = 0;
    } else {
      step = Math.max((range.highest() - range.lowest()) / 255, Float.MIN_NORMAL);
      zero = (byte) Math.clamp(Math.rint(-range.lowest() / step), 0, 255);
    }
    Eighth made =
        new Eighth(
            graph.freshName(value + "_quantized"),
            graph.addConstant(
                graph.freshName(value + "_scale"), Tensor.ofFloats(new float[] {step})),
            graph.addConstant(
                graph.freshName(value + "_zero_point"),
                Tensor.ofBytes(activationType(), new byte[] {zero})),
            step);
    values.put(value, made);
    return made;
  }

  private Eighth moved(String value, Eighth source) {
    Eighth made =
        new Eighth(
            graph.freshName(value + "_quantized"),
            source.scale(),
            source.zeroPoint(),
            source.step());
    values.put(value, made);
    return made;
  }

  private ElementType activationType() {
    return options.symmetric() ? ElementType.INT8 : ElementType.UINT8;
  }

  /** The names of a weight's constants. */
  private record Stored(
      String values,
      String scales,
      String zeroPoints,
      @Nullable String bias,
      @Nullable String biasScales) {}

  private Stored store(Node node, Weight weight, float activationStep) {
    int channels = weight.channels();
    float[] least = new float[channels];
    float[] bias = weight.bias() == null ? new float[0] : weight.bias().floats();
    for (int channel = 0; channel < bias.length; channel++) {
      least[channel] = Math.abs(bias[channel]) / activationStep / LARGEST_BIAS;
    }
    QuantizedWeights quantized =
        weight.axis() == 0
            ? QuantizedWeights.byRow(
                weight.name(), weight.tensor(), QuantizedWeights.LARGEST_FACTOR, least)
            : QuantizedWeights.byColumn(
                weight.name(), weight.tensor(), QuantizedWeights.LARGEST_FACTOR, least);
    // Nodes may share weights, but their biases have each node's own scale.
    String base = node.output() + "_weight";
    @Nullable String biasName = null;
    @Nullable String biasScales = null;
    if (weight.bias() != null) {
      float[] scales = quantized.scales().floats();
      ByteBuffer data = Tensor.allocate(4L * channels);
      for (int channel = 0; channel < channels; channel++) {
        scales[channel] *= activationStep;
        scales[channel] = Math.max(scales[channel], Float.MIN_NORMAL);
        data.putInt(
            (int)
                Math.clamp(
                    Math.rint(bias[channel] / (double) scales[channel]),
                    Integer.MIN_VALUE,
                    Integer.MAX_VALUE));
      }
      biasName =
          graph.addConstant(
              graph.freshName(node.output() + "_bias_int32"),
              Tensor.of(ElementType.INT32, data.flip(), channels));
      biasScales =
          graph.addConstant(
              graph.freshName(node.output() + "_bias_scales"), Tensor.ofFloats(scales, channels));
    }
    return new Stored(
        graph.addConstant(graph.freshName(base + "_int8"), quantized.values()),
        graph.addConstant(graph.freshName(base + "_scales"), quantized.scales()),
        graph.addConstant(
            graph.freshName(base + "_zero_points"),
            Tensor.ofBytes(ElementType.INT8, new byte[channels], channels)),
        biasName,
        biasScales);
  }

  private List<Node> pairs(Step step, Eighth output) {
    Node node = step.node();
    List<Node> fresh = new ArrayList<>();
    List<String> inputs = new ArrayList<>(node.inputs());
    for (int index = 0; index < inputs.size(); index++) {
      if (step.inputs().contains(inputs.get(index))) {
        inputs.set(index, dequantized(inputs.get(index), fresh));
      }
    }
    if (step.weight() != null) {
      Stored stored = store(node, step.weight(), value(step.inputs().getFirst()).step());
      inputs.set(
          1,
          dequantized(
              stored.values(), stored.scales(), stored.zeroPoints(), step.weight().axis(), fresh));
      if (stored.bias() != null && stored.biasScales() != null) {
        inputs.set(2, dequantized(stored.bias(), stored.biasScales(), "", 0, fresh));
      }
    }
    String raw = graph.freshName(step.output() + "_raw");
    fresh.add(node.withInputs(inputs).withOutputs(List.of(raw)));
    fresh.add(
        Node.of("QuantizeLinear", output.name())
            .inputs(raw, output.scale(), output.zeroPoint())
            .outputs(output.name())
            .build());
    fresh.add(dequantize(output, step.output()));
    return fresh;
  }

  private Node dequantize(Eighth value, String to) {
    return Node.of("DequantizeLinear", to + "_dequantize")
        .inputs(value.name(), value.scale(), value.zeroPoint())
        .outputs(to)
        .build();
  }

  /** A value after its 8-bit form, of which others than 8-bit nodes see nothing. */
  private String dequantized(String value, List<Node> fresh) {
    if (plan.isProduced(value)) {
      return value;
    }
    String name = value + "_dequantized";
    if (graph.producer(name).isEmpty()
        && fresh.stream().noneMatch(node -> node.output().equals(name))) {
      fresh.add(dequantize(value(value), name));
    }
    return name;
  }

  private String dequantized(
      String values, String scales, String zeroPoints, int axis, List<Node> fresh) {
    String name = values + "_dequantized";
    Node.Builder node = Node.of("DequantizeLinear", name);
    fresh.add(
        (zeroPoints.isEmpty()
                ? node.inputs(values, scales)
                : node.inputs(values, scales, zeroPoints))
            .outputs(name)
            .with("axis", axis)
            .build());
    return name;
  }

  private List<Node> eightBit(Step step, Eighth output) {
    Node node = step.node();
    Eighth first = value(step.inputs().getFirst());
    @Nullable Stored stored =
        step.weight() == null ? null : store(node, step.weight(), first.step());
    List<String> inputs = new ArrayList<>();
    Node.Builder builder;
    switch (node.operator()) {
      case "Conv", "MatMul", "Gemm" -> {
        if (stored == null) {
          throw new IllegalStateException(node + " has no weights");
        }
        builder =
            switch (node.operator()) {
              case "Conv" -> Node.of("QLinearConv", node.name());
              case "MatMul" -> Node.of("QLinearMatMul", node.name());
              default -> Node.microsoft("QGemm", node.name());
            };
        add(inputs, first);
        inputs.addAll(List.of(stored.values(), stored.scales(), stored.zeroPoints()));
        if (node.is("Gemm")) {
          inputs.add(stored.bias() == null ? "" : stored.bias());
        }
        inputs.addAll(List.of(output.scale(), output.zeroPoint()));
        if (node.is("Conv") && stored.bias() != null) {
          inputs.add(stored.bias());
        }
        builder.withAll(node.without("beta"));
      }
      case "Add", "Mul" -> {
        builder = Node.microsoft("QLinear" + node.operator(), node.name());
        step.inputs().forEach(input -> add(inputs, value(input)));
        inputs.addAll(List.of(output.scale(), output.zeroPoint()));
      }
      case "AveragePool", "GlobalAveragePool" -> {
        builder = Node.microsoft("QLinear" + node.operator(), node.name()).withAll(node);
        add(inputs, first);
        inputs.addAll(List.of(output.scale(), output.zeroPoint()));
      }
      case "Concat" -> {
        builder = Node.microsoft("QLinearConcat", node.name()).withAll(node);
        inputs.addAll(List.of(output.scale(), output.zeroPoint()));
        step.inputs().forEach(input -> add(inputs, value(input)));
      }
      default -> {
        builder = Node.of(node.operator(), node.name()).withAll(node);
        inputs.add(first.name());
        inputs.addAll(node.inputs().subList(1, node.inputs().size()));
      }
    }
    return List.of(
        builder.inputs(inputs).outputs(output.name()).build(), dequantize(output, step.output()));
  }

  private static void add(List<String> inputs, Eighth value) {
    inputs.addAll(List.of(value.name(), value.scale(), value.zeroPoint()));
  }
}
