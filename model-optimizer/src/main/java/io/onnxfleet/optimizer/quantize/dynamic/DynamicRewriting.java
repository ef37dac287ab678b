package io.onnxfleet.optimizer.quantize.dynamic;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Graph;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.graph.OperatorSetUpgrade;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.quantize.AttentionUnpacking;
import io.onnxfleet.optimizer.quantize.QuantizedWeights;
import io.onnxfleet.optimizer.quantize.dynamic.ScaledProducts.Stored;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One graph that {@link DynamicQuantization} or {@link TableQuantization} changes. Not thread-safe.
 */
final class DynamicRewriting {
  /** The first that has 8-bit products. */
  private static final long LOWEST_OPERATOR_SET = 11;

  /** Below this a table saves less than the three nodes that it would cost. */
  private static final long MIN_TABLE_BYTES = 1 << 16;

  private final OnnxModel model;
  private final Graph graph;
  private final QuantizationOptions options;

  private final Map<String, Stored> stored = new HashMap<>();

  DynamicRewriting(OnnxModel model, QuantizationOptions options) {
    this.model = model;
    this.graph = model.graph();
    this.options = options;
  }

  /** The nodes that {@link #apply} would make 8-bit products of, as far as they have a name. */
  static List<String> candidates(OnnxModel model, QuantizationOptions options) {
    DynamicRewriting dry = new DynamicRewriting(model, options);
    dry.unpackAttention();
    return model.graph().nodes().stream()
        .filter(
            node ->
                dry.product(node).isPresent()
                    || (options.scale() == ActivationScale.BATCH && dry.isAttention(node)))
        .map(Node::name)
        .filter(name -> !name.isEmpty())
        .toList();
  }

  /** Only makes tables of embeddings 8-bit, and says how many look-ups are now. */
  int applyToTables() {
    int tables = 0;
    for (Node node : graph.nodes()) {
      if (isTable(node)) {
        quantizeTable(node);
        tables++;
      }
    }
    graph.removeUnused();
    return tables;
  }

  /** Makes 8-bit what the options allow. */
  DynamicQuantization.Outcome apply() {
    if (model.operatorSet() < LOWEST_OPERATOR_SET) {
      OperatorSetUpgrade.apply(model);
    }
    graph.requireNodes(options.excluded(), "excluded");
    unpackAttention();
    graph.requireNodes(options.weightsOnly(), "excluded");
    ScaledProducts scaled = scaled();
    List<String> products = new ArrayList<>();
    int tables = 0;
    for (Node node : graph.nodes()) {
      if (options.excluded().contains(node.name())) {
        continue;
      }
      Optional<Product> product = product(node);
      if (options.weightsOnly().contains(node.name())
          && (product.isPresent() || isAttention(node))) {
        storeWeights(node);
        products.add(node.name());
      } else if (product.isPresent()) {
        quantize(product.get(), scaled);
        products.add(node.name());
      } else if (scaled instanceof BatchScaledProducts batch && isAttention(node)) {
        quantizeAttention(node, batch);
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
    return new DynamicQuantization.Outcome(products, tables, options.weightsOnly().size());
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

  /** ONNX Runtime's 8-bit attention takes one scale over the batch. */
  private void unpackAttention() {
    if (options.scale() == ActivationScale.TOKEN) {
      model.use(Node.MICROSOFT_DOMAIN, 1);
      AttentionUnpacking.apply(graph, options.excluded());
    }
  }

  private ScaledProducts scaled() {
    return switch (options.scale()) {
      case BATCH -> new BatchScaledProducts(graph);
      case TOKEN -> new TokenScaledProducts(graph, model.operatorSet());
    };
  }

  private void quantize(Product product, ScaledProducts products) {
    Node node = product.node();
    // A matrix may be used as it is by one node and transposed by another.
    Stored weights =
        stored.computeIfAbsent(
            product.weight() + " " + node.operator() + node.integer("transB", 0),
            _ ->
                store(
                    product.weight(),
                    QuantizedWeights.byColumn(product.weight(), product.matrix())));
    String name = nameOf(node);
    String result =
        product.bias() == null ? node.output() : graph.freshName(node.output() + "_product");
    List<Node> fresh = new ArrayList<>(products.product(node.input(0), weights, name, result));
    if (product.bias() != null) {
      fresh.add(
          Node.of("Add", name + "_bias")
              .inputs(result, product.bias())
              .outputs(node.output())
              .build());
    }
    graph.replace(List.of(node), fresh);
  }

  private static String nameOf(Node node) {
    return node.name().isEmpty() ? node.output() : node.name();
  }

  private Stored store(String weight, QuantizedWeights quantized) {
    return new Stored(
        graph.addConstant(graph.freshName(weight + "_int8"), quantized.values()),
        graph.addConstant(graph.freshName(weight + "_scales"), quantized.scales()));
  }

  /** Packed attention, scaled as its 8-bit form always is, where it is not unpacked. */
  private boolean isAttention(Node node) {
    return AttentionUnpacking.isPacked(graph, node)
        && node.attribute("scale").isEmpty()
        && !node.input(2).isEmpty();
  }

  private void quantizeAttention(Node node, BatchScaledProducts products) {
    BatchScaledProducts.Activation activation = products.activation(node.input(0));
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
                .withSame(node, "unidirectional")
                .build()));
  }

  /** The node as it was, with weights that ONNX Runtime makes FP32 when it loads the model. */
  private void storeWeights(Node node) {
    String weight = node.input(1);
    Tensor matrix = matrix(weight).orElseThrow();
    boolean byRow = node.is("Gemm") && node.integer("transB", 0) == 1;
    String floats =
        stored
            .computeIfAbsent(
                weight + " FP32 " + byRow,
                _ -> {
                  int columns = Math.toIntExact(matrix.dimension(1));
                  Stored made =
                      store(
                          weight,
                          byRow
                              ? QuantizedWeights.byRow(weight, matrix)
                              : QuantizedWeights.byColumn(
                                  weight,
                                  matrix,
                                  QuantizedWeights.LARGEST_ENTRY,
                                  new float[columns]));
                  String cast = graph.freshName(made.values() + "_fp32");
                  String scaled = graph.freshName(made.values() + "_scaled");
                  graph.add(
                      Node.of("Cast", cast)
                          .inputs(made.values())
                          .outputs(cast)
                          .with("to", ElementType.FLOAT.code())
                          .build());
                  graph.add(
                      Node.of("Mul", scaled).inputs(cast, made.scales()).outputs(scaled).build());
                  return new Stored(scaled, made.scales());
                })
            .values();
    List<String> inputs = new ArrayList<>(node.inputs());
    inputs.set(1, floats);
    graph.replace(List.of(node), List.of(node.withInputs(inputs)));
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
    String name = nameOf(node);
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
