package io.onnxfleet.optimizer.quantize;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Graph;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.graph.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Dynamic 8-bit quantization: weights of matrix products become INT8 with a scale a column, what
 * they are multiplied with becomes UINT8 when the model runs, by its range there and then; no
 * samples are needed. Tables of embeddings become INT8 with a scale a row.
 *
 * <p>The graph says it in ONNX's own operators ({@code DynamicQuantizeLinear}, {@code
 * MatMulInteger}), in the form that ONNX Runtime fuses when it loads the model.
 */
public final class DynamicQuantization {
  private static final long LOWEST_OPERATOR_SET = 11;

  /** Below this a table saves less than the three nodes that it would cost. */
  private static final long MIN_TABLE_BYTES = 1 << 16;

  private final OnnxModel model;
  private final Graph graph;
  private final QuantizationOptions options;

  private final Map<String, Activation> activations = new HashMap<>();
  private final Map<String, Stored> stored = new HashMap<>();

  private DynamicQuantization(OnnxModel model, QuantizationOptions options) {
    this.model = model;
    this.graph = model.graph();
    this.options = options;
  }

  /** The names of an activation's 8-bit values, their scale and their zero point. */
  private record Activation(String values, String scale, String zeroPoint) {}

  /** The names of a weight's 8-bit values and their scales. */
  private record Stored(String values, String scales) {}

  /**
   * What was done.
   *
   * @param products names of the matrix products that are 8-bit now
   * @param tables how many look-ups are
   */
  public record Outcome(List<String> products, int tables) {
    public Outcome {
      products = List.copyOf(products);
    }
  }

  /**
   * Changes a model.
   *
   * @throws OptimizerException if its operators are too old, an excluded name is none of its nodes,
   *     or nothing in it can be quantized
   */
  public static Outcome apply(OnnxModel model, QuantizationOptions options) {
    return new DynamicQuantization(model, options).apply();
  }

  /** The nodes that {@link #apply} would make 8-bit products of, most weights first. */
  public static List<String> candidates(OnnxModel model) {
    DynamicQuantization dry = new DynamicQuantization(model, QuantizationOptions.DEFAULT);
    return model.graph().nodes().stream()
        .filter(node -> dry.product(node).isPresent())
        .map(Node::name)
        .toList();
  }

  private Outcome apply() {
    long operatorSet = model.operatorSet();
    if (operatorSet < LOWEST_OPERATOR_SET) {
      throw new OptimizerException(
          "operator set %d (expected: >= %d for 8-bit products)"
              .formatted(operatorSet, LOWEST_OPERATOR_SET));
    }
    requireKnown(options.excluded());
    List<String> products = new ArrayList<>();
    int tables = 0;
    for (Node node : graph.nodes()) {
      if (options.excluded().contains(node.name())) {
        continue;
      }
      Optional<Product> product = product(node);
      if (product.isPresent()) {
        quantize(product.get());
        products.add(node.name());
      } else if (isAttention(node)) {
        quantizeAttention(node);
        products.add(node.name());
      } else if (options.embeddings() && isTable(node)) {
        quantizeTable(node);
        tables++;
      }
    }
    if (products.isEmpty() && tables == 0) {
      throw new OptimizerException(
          "nothing to quantize (expected: MatMul, Gemm or Gather with FP32 weights)");
    }
    graph.removeUnused();
    return new Outcome(products, tables);
  }

  private void requireKnown(Set<String> excluded) {
    Set<String> unknown = new HashSet<>(excluded);
    graph.nodes().forEach(node -> unknown.remove(node.name()));
    if (!unknown.isEmpty()) {
      throw new OptimizerException(
          "excluded '%s' (expected: the name of a node)".formatted(unknown.iterator().next()));
    }
  }

  /**
   * A product with a constant matrix.
   *
   * @param weight the name of the matrix
   * @param matrix it, columns being the outputs
   * @param bias the name of what is added, if anything
   */
  private record Product(Node node, String weight, Tensor matrix, @Nullable String bias) {}

  private Optional<Product> product(Node node) {
    if (node.is("MatMul")) {
      return matrix(node.input(1))
          .filter(_ -> graph.constant(node.input(0)).isEmpty())
          .map(matrix -> new Product(node, node.input(1), matrix, null));
    }
    if (node.is("Gemm")
        && node.integer("transA", 0) == 0
        && node.number("alpha", 1) == 1
        && (node.input(2).isEmpty() || node.number("beta", 1) == 1)) {
      boolean transposed = node.integer("transB", 0) == 1;
      String bias = node.input(2).isEmpty() ? null : node.input(2);
      return matrix(node.input(1))
          .filter(_ -> graph.constant(node.input(0)).isEmpty())
          .map(matrix -> transposed ? transpose(matrix) : matrix)
          .map(matrix -> new Product(node, node.input(1), matrix, bias));
    }
    return Optional.empty();
  }

  private Optional<Tensor> matrix(String name) {
    return graph
        .constant(name)
        .filter(
            tensor ->
                tensor.type() == ElementType.FLOAT && tensor.rank() == 2 && tensor.elements() > 0);
  }

  private static Tensor transpose(Tensor matrix) {
    int rows = Math.toIntExact(matrix.dimension(0));
    int columns = Math.toIntExact(matrix.dimension(1));
    float[] from = matrix.floats();
    float[] to = new float[from.length];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        to[j * rows + i] = from[i * columns + j];
      }
    }
    return Tensor.ofFloats(to, columns, rows);
  }

  private void quantize(Product product) {
    Node node = product.node();
    Activation activation = activation(node.input(0));
    // A matrix may be used as it is by one node and transposed by another.
    Stored weights =
        stored.computeIfAbsent(
            product.weight() + " " + node.operator() + node.integer("transB", 0),
            _ ->
                store(
                    product.weight(),
                    QuantizedWeights.byColumn(product.weight(), product.matrix())));
    String name = node.name().isEmpty() ? node.output() : node.name();
    String sums = graph.freshName(node.output() + "_sums");
    String floats = graph.freshName(node.output() + "_sums_fp32");
    String scale = graph.freshName(node.output() + "_scale");
    String result =
        product.bias() == null ? node.output() : graph.freshName(node.output() + "_product");
    List<Node> fresh = new ArrayList<>();
    fresh.add(
        Node.of("MatMulInteger", name + "_int8")
            .inputs(activation.values(), weights.values(), activation.zeroPoint())
            .outputs(sums)
            .build());
    fresh.add(
        Node.of("Cast", name + "_cast")
            .inputs(sums)
            .outputs(floats)
            .with("to", ElementType.FLOAT.code())
            .build());
    fresh.add(
        Node.of("Mul", name + "_scales")
            .inputs(activation.scale(), weights.scales())
            .outputs(scale)
            .build());
    fresh.add(Node.of("Mul", name + "_scaled").inputs(floats, scale).outputs(result).build());
    if (product.bias() != null) {
      fresh.add(
          Node.of("Add", name + "_bias")
              .inputs(result, product.bias())
              .outputs(node.output())
              .build());
    }
    graph.replace(List.of(node), fresh);
  }

  /** The 8-bit form of a value, made once however many products use it. */
  private Activation activation(String value) {
    return activations.computeIfAbsent(
        value,
        _ -> {
          Activation made =
              new Activation(
                  graph.freshName(value + "_quantized"),
                  graph.freshName(value + "_quantized_scale"),
                  graph.freshName(value + "_quantized_zero_point"));
          graph.add(
              Node.of("DynamicQuantizeLinear", made.values())
                  .inputs(value)
                  .outputs(made.values(), made.scale(), made.zeroPoint())
                  .build());
          return made;
        });
  }

  private Stored store(String weight, QuantizedWeights quantized) {
    return new Stored(
        graph.addConstant(graph.freshName(weight + "_int8"), quantized.values()),
        graph.addConstant(graph.freshName(weight + "_scales"), quantized.scales()));
  }

  /** ONNX Runtime's operator of packed projections, scaled as its 8-bit form always is. */
  private boolean isAttention(Node node) {
    return node.operator().equals("Attention")
        && node.domain().equals(Node.MICROSOFT_DOMAIN)
        && node.inputs().size() <= 4
        && node.attribute("scale").isEmpty()
        && matrix(node.input(1)).isPresent();
  }

  private void quantizeAttention(Node node) {
    Activation activation = activation(node.input(0));
    String weight = node.input(1);
    Stored weights =
        stored.computeIfAbsent(
            weight + " Attention",
            _ -> store(weight, QuantizedWeights.byColumn(weight, matrix(weight).orElseThrow())));
    graph.replace(
        List.of(node),
        List.of(
            Node.microsoft("QAttention", node.name())
                .inputs(
                    activation.values(),
                    weights.values(),
                    node.input(2),
                    activation.scale(),
                    weights.scales(),
                    node.input(3),
                    activation.zeroPoint())
                .outputs(node.output())
                .withSame(node, "num_heads")
                .withSame(node, "mask_filter_value")
                .build()));
  }

  private boolean isTable(Node node) {
    return node.is("Gather")
        && node.integer("axis", 0) == 0
        && matrix(node.input(0)).filter(table -> table.bytes() >= MIN_TABLE_BYTES).isPresent();
  }

  private void quantizeTable(Node node) {
    String table = node.input(0);
    Stored rows =
        stored.computeIfAbsent(
            table + " Gather",
            _ -> store(table, QuantizedWeights.byRow(table, matrix(table).orElseThrow())));
    String values = graph.freshName(node.output() + "_int8");
    String floats = graph.freshName(node.output() + "_int8_fp32");
    String scales = graph.freshName(node.output() + "_scales");
    String name = node.name().isEmpty() ? node.output() : node.name();
    graph.replace(
        List.of(node),
        List.of(
            Node.of("Gather", name + "_int8")
                .inputs(rows.values(), node.input(1))
                .outputs(values)
                .build(),
            Node.of("Gather", name + "_scale")
                .inputs(rows.scales(), node.input(1))
                .outputs(scales)
                .build(),
            Node.of("Cast", name + "_cast")
                .inputs(values)
                .outputs(floats)
                .with("to", ElementType.FLOAT.code())
                .build(),
            Node.of("Mul", name + "_scaled")
                .inputs(floats, scales)
                .outputs(node.output())
                .build()));
  }
}
