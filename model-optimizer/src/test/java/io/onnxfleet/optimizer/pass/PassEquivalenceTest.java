package io.onnxfleet.optimizer.pass;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.optimizer.RandomGraph;
import io.onnxfleet.optimizer.calibrate.CalibrationMethod;
import io.onnxfleet.optimizer.calibrate.CalibrationOptions;
import io.onnxfleet.optimizer.compare.OutputError;
import io.onnxfleet.optimizer.fuse.TransformerFusion;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.precision.Precision;
import io.onnxfleet.optimizer.precision.PrecisionConversion;
import io.onnxfleet.optimizer.precision.PrecisionOptions;
import io.onnxfleet.optimizer.prune.MagnitudePruning;
import io.onnxfleet.optimizer.prune.Structure;
import io.onnxfleet.optimizer.prune.StructuredPruning;
import io.onnxfleet.optimizer.quantize.BlockQuantization;
import io.onnxfleet.optimizer.quantize.ErrorBoundQuantization;
import io.onnxfleet.optimizer.quantize.Smoothing;
import io.onnxfleet.optimizer.quantize.calibrated.StaticOptions;
import io.onnxfleet.optimizer.quantize.calibrated.StaticOptions.Format;
import io.onnxfleet.optimizer.quantize.calibrated.StaticQuantization;
import io.onnxfleet.optimizer.quantize.dynamic.DynamicQuantization;
import io.onnxfleet.optimizer.quantize.dynamic.QuantizationOptions;
import io.onnxfleet.optimizer.quantize.dynamic.TableQuantization;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.sample.SampleSet;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Each pass over random graphs of each operator that it rewrites, run by ONNX Runtime before and
 * after. The tolerances are relative errors of the outputs, and what each pass promises.
 */
class PassEquivalenceTest {
  /** Only the order of sums changes. */
  private static final double FUSED = 1e-4;

  private static final double EIGHT_BIT = 0.04;
  private static final double EIGHT_BIT_WEIGHTS = 0.012;
  private static final double FOUR_BIT = 0.16;
  private static final double HALF = 1e-2;
  private static final double EIGHT_BIT_CHAIN = 0.08;

  /** Of places that others make up for exactly. */
  private static final double PRUNED = 1e-2;

  private static final int ROUNDS = 2;

  @TempDir Path folder;

  private static long seed() {
    Long given = Long.getLong("test.seed");
    return given == null ? 20 : given;
  }

  /** Builds a graph and gives the value that is its output. */
  @FunctionalInterface
  private interface Shape {
    String build(RandomGraph graph);
  }

  /** Tests of one pass, one for each operator. */
  private final class Suite {
    private final List<DynamicTest> tests = new ArrayList<>();
    private final String name;
    private final Pass pass;
    private final double tolerance;
    private long operatorSet = 13;

    Suite(String name, Pass pass, double tolerance) {
      this.name = name;
      this.pass = pass;
      this.tolerance = tolerance;
    }

    Suite operatorSet(long version) {
      operatorSet = version;
      return this;
    }

    /**
     * @param made an operator that the pass must have made of it
     */
    Suite of(String operator, String made, Shape shape) {
      return of(
          operator,
          shape,
          model ->
              assertThat(model.graph().nodes().stream().map(Node::operator))
                  .as("%s of %s", made, operator)
                  .contains(made));
    }

    Suite of(String operator, Shape shape, Consumer<OnnxModel> proof) {
      tests.add(
          DynamicTest.dynamicTest(
              name + ": " + operator,
              () -> {
                for (int round = 0; round < ROUNDS; round++) {
                  check(pass, tolerance, operatorSet, seed() + round, shape, proof);
                }
              }));
      return this;
    }

    Stream<DynamicTest> tests() {
      return tests.stream();
    }
  }

  private void check(
      Pass pass,
      double tolerance,
      long operatorSet,
      long seed,
      Shape shape,
      Consumer<OnnxModel> proof) {
    RandomGraph graph = new RandomGraph(seed);
    graph.output(shape.build(graph));
    Path original = graph.write(folder.resolve("original.onnx"), operatorSet);
    SampleSet samples = graph.samples();
    Draft draft = Draft.of(original, folder);
    PassContext context =
        new PassContext(original, folder, () -> fitting(graph, samples, pass), (_, _, _) -> {});
    PassReport report = pass.apply(draft, context);
    assertThat(report.changed()).as("%s, seed %d", pass.describe(), seed).isTrue();
    Path result = draft.file();
    proof.accept(OnnxModel.read(result));
    try (RunnableModel before = RunnableModel.open(original, SessionSettings.DEFAULT);
        RunnableModel after = RunnableModel.open(result, SessionSettings.DEFAULT)) {
      OutputError error =
          OutputError.between(
              samples,
              OutputError.answers(before, samples, _ -> {}),
              OutputError.answers(after, samples, _ -> {}));
      assertThat(error.relativeError())
          .as("%s, seed %d", pass.describe(), seed)
          .isLessThanOrEqualTo(tolerance);
    }
  }

  /** A refitted layer needs more rows than it has features. */
  private static SampleSet fitting(RandomGraph graph, SampleSet samples, Pass pass) {
    return pass instanceof StructuredPruning ? graph.samples(60, 3) : samples;
  }

  // Parts of graphs.

  private static String product(RandomGraph graph, String of, int from, int to) {
    return graph.node("MatMul", List.of(of, graph.weights(from, to)));
  }

  private static String biased(RandomGraph graph, String of, int from, int to) {
    String product = product(graph, of, from, to);
    String bias = graph.weights(to);
    return graph.node(
        "Add", graph.random().nextBoolean() ? List.of(product, bias) : List.of(bias, product));
  }

  private static String normalized(RandomGraph graph, String of, int width) {
    return graph.node(
        "LayerNormalization",
        List.of(of, graph.weights(width), graph.weights(width)),
        "axis",
        -1,
        "epsilon",
        1e-5f);
  }

  /** As exporters spell it out before operator set 17. */
  private static String spelledOut(RandomGraph graph, String of, int width, boolean twice) {
    String mean = graph.node("ReduceMean", List.of(of), "axes", List.of(-1));
    String centred = graph.node("Sub", List.of(of, mean));
    String again = twice ? graph.node("Sub", List.of(of, mean)) : centred;
    String square =
        twice
            ? graph.node("Mul", List.of(centred, centred))
            : graph.node("Pow", List.of(centred, graph.scalar(2)));
    String variance = graph.node("ReduceMean", List.of(square), "axes", List.of(-1));
    String root =
        graph.node("Sqrt", List.of(graph.node("Add", List.of(variance, graph.scalar(1e-5)))));
    String quotient = graph.node("Div", List.of(again, root));
    String scaled = graph.node("Mul", List.of(quotient, graph.weights(width)));
    return graph.node("Add", List.of(scaled, graph.weights(width)));
  }

  private static String gelu(RandomGraph graph, String x, boolean divided, boolean halfFirst) {
    String scaled =
        divided
            ? graph.node("Div", List.of(x, graph.scalar(Math.sqrt(2))))
            : graph.node("Mul", List.of(x, graph.scalar(1 / Math.sqrt(2))));
    String erf = graph.node("Erf", List.of(scaled));
    String plusOne = graph.node("Add", List.of(erf, graph.scalar(1)));
    if (halfFirst) {
      String half = graph.node("Mul", List.of(x, graph.scalar(0.5)));
      return graph.node("Mul", List.of(half, plusOne));
    }
    return graph.node("Mul", List.of(graph.node("Mul", List.of(x, plusOne)), graph.scalar(0.5)));
  }

  /** How attention is spelled out. */
  private record Attention(
      boolean biased, boolean masked, boolean scaledQueries, boolean computedShapes, int scale) {}

  private static String attention(RandomGraph graph, Attention how) {
    int heads = 2;
    int size = 4;
    int width = heads * size;
    String ids = graph.tokens(20);
    String x =
        normalized(graph, graph.node("Gather", List.of(graph.weights(20, width), ids)), width);
    List<String> parts = new ArrayList<>();
    for (int part = 0; part < 3; part++) {
      String rows = how.biased() ? biased(graph, x, width, width) : product(graph, x, width, width);
      String shape =
          how.computedShapes()
              ? graph.node(
                  "Concat",
                  List.of(
                      dimension(graph, rows, 0),
                      dimension(graph, rows, 1),
                      graph.longs(heads),
                      graph.longs(size)),
                  "axis",
                  0)
              : graph.longs(0, part == 0 ? -1 : 0, heads, size);
      String split = graph.node("Reshape", List.of(rows, shape));
      List<Integer> order =
          part == 1 && how.scale() != 1 ? List.of(0, 2, 3, 1) : List.of(0, 2, 1, 3);
      parts.add(graph.node("Transpose", List.of(split), "perm", order));
    }
    String query = parts.get(0);
    String key =
        how.scale() == 1
            ? graph.node("Transpose", List.of(parts.get(1)), "perm", List.of(0, 1, 3, 2))
            : parts.get(1);
    double root = Math.sqrt(size);
    if (how.scaledQueries()) {
      query =
          how.scale() == 0
              ? graph.node("Div", List.of(query, graph.scalar(root)))
              : graph.node("Mul", List.of(query, graph.scalar(1 / root)));
    }
    String scores = graph.node("MatMul", List.of(query, key));
    if (!how.scaledQueries()) {
      scores =
          how.scale() == 0
              ? graph.node("Div", List.of(scores, graph.scalar(root)))
              : graph.node("Mul", List.of(scores, graph.scalar(0.3)));
    }
    if (how.masked()) {
      String mask = graph.mask();
      String wide =
          how.scale() == 0
              ? graph.node("Unsqueeze", List.of(mask, graph.longs(1, 2)))
              : graph.node(
                  "Unsqueeze",
                  List.of(graph.node("Unsqueeze", List.of(mask, graph.longs(1))), graph.longs(2)));
      String floats = graph.node("Cast", List.of(wide), "to", 1);
      String inverse = graph.node("Sub", List.of(graph.scalar(1), floats));
      scores =
          graph.node(
              "Add", List.of(scores, graph.node("Mul", List.of(inverse, graph.scalar(-10000)))));
    }
    String shares = graph.node("Softmax", List.of(scores), "axis", -1);
    String mixed = graph.node("MatMul", List.of(shares, parts.get(2)));
    String back = graph.node("Transpose", List.of(mixed), "perm", List.of(0, 2, 1, 3));
    String merged =
        how.computedShapes()
            ? graph.node(
                "Concat",
                List.of(dimension(graph, back, 0), dimension(graph, back, 1), graph.longs(width)),
                "axis",
                0)
            : graph.longs(0, 0, width);
    return product(graph, graph.node("Reshape", List.of(back, merged)), width, 3);
  }

  private static String dimension(RandomGraph graph, String of, int axis) {
    String shape = graph.node("Shape", List.of(of));
    String gathered = graph.node("Gather", List.of(shape, graph.index(axis)), "axis", 0);
    return graph.node("Unsqueeze", List.of(gathered, graph.longs(0)));
  }

  private static String embeddings(RandomGraph graph, boolean start, boolean wordsFirst) {
    int width = 8;
    String ids = graph.tokens(20);
    String types = graph.tokens(2);
    String shape = graph.node("Shape", List.of(ids));
    String count = graph.node("Gather", List.of(shape, graph.index(1)), "axis", 0);
    if (start) {
      count = graph.node("Add", List.of(count, graph.index(0)));
    }
    String places =
        graph.node(
            "Slice",
            List.of(
                graph.positions(16),
                graph.longs(0),
                graph.node("Unsqueeze", List.of(count, graph.longs(0))),
                graph.longs(1),
                graph.longs(1)));
    String words = graph.node("Gather", List.of(graph.weights(20, width), ids));
    String kinds = graph.node("Gather", List.of(graph.weights(2, width), types));
    String sum = graph.node("Add", wordsFirst ? List.of(words, kinds) : List.of(kinds, words));
    String positioned =
        graph.node(
            "Add", List.of(sum, graph.node("Gather", List.of(graph.weights(16, width), places))));
    return product(graph, normalized(graph, positioned, width), width, 3);
  }

  @TestFactory
  Stream<DynamicTest> fuse() {
    return Stream.concat(
        new Suite("fuse", new TransformerFusion(TransformerFusion.Target.FP32), FUSED)
            .of(
                "a power, a root and a quotient",
                "LayerNormalization",
                graph -> spelledOut(graph, graph.rows(12), 12, false))
            .of(
                "a square that is a product",
                "LayerNormalization",
                graph -> spelledOut(graph, graph.rows(12), 12, true))
            .of("Erf of a quotient", "Gelu", graph -> gelu(graph, graph.rows(9), true, false))
            .of("Erf of a product", "Gelu", graph -> gelu(graph, graph.rows(9), false, true))
            .of(
                "Erf behind a bias",
                "BiasGelu",
                graph -> gelu(graph, biased(graph, graph.rows(9), 9, 7), true, true))
            .tests(),
        new Suite("fuse", new TransformerFusion(TransformerFusion.Target.FP32), FUSED)
            .operatorSet(17)
            .of("the norm of a sum", "SkipLayerNormalization", PassEquivalenceTest::skip)
            .of(
                "attention with masks and biases",
                "Attention",
                graph -> attention(graph, new Attention(true, true, false, true, 0)))
            .of(
                "attention of scaled queries",
                "Attention",
                graph -> attention(graph, new Attention(true, false, true, false, 0)))
            .of(
                "attention of another scale",
                "Attention",
                graph -> attention(graph, new Attention(true, true, false, false, 1)))
            .of(
                "attention without biases",
                "MultiHeadAttention",
                graph -> attention(graph, new Attention(false, true, true, true, 1)))
            .of(
                "embeddings, words first",
                "EmbedLayerNormalization",
                graph -> embeddings(graph, true, true))
            .of(
                "embeddings, types first",
                "EmbedLayerNormalization",
                graph -> embeddings(graph, false, false))
            .tests());
  }

  private static String skip(RandomGraph graph) {
    int width = 6;
    String x = normalized(graph, graph.rows(3, width), width);
    String inner = biased(graph, x, width, width);
    return product(graph, normalized(graph, graph.node("Add", List.of(inner, x)), width), width, 4);
  }

  private static String gemm(RandomGraph graph, boolean transposed, boolean withBias) {
    int from = 16 + graph.size(16);
    int to = 4 + graph.size(12);
    List<String> inputs = new ArrayList<>(List.of(graph.rows(from)));
    inputs.add(transposed ? graph.weights(to, from) : graph.weights(from, to));
    if (withBias) {
      inputs.add(graph.weights(to));
    }
    return graph.node("Gemm", inputs, "transB", transposed ? 1 : 0);
  }

  private static String matMul(RandomGraph graph) {
    int from = 32 + graph.size(32);
    return product(graph, graph.rows(from), from, 4 + graph.size(12));
  }

  private static String lookUp(RandomGraph graph) {
    return graph.node("Gather", List.of(graph.weights(1100, 16), graph.tokens(1100)));
  }

  private static String packed(RandomGraph graph) {
    return packed(graph, "unidirectional", 0);
  }

  private static String packed(RandomGraph graph, String attribute, int value) {
    int width = 16;
    return graph.microsoft(
        "Attention",
        List.of(
            graph.rows(5, width),
            graph.weights(0.3f, width, 3L * width),
            graph.weights(3L * width)),
        "num_heads",
        4,
        attribute,
        value);
  }

  @TestFactory
  Stream<DynamicTest> quantize() {
    return new Suite("quantize", new DynamicQuantization(QuantizationOptions.DEFAULT), EIGHT_BIT)
        .of("MatMul", "MatMulInteger", PassEquivalenceTest::matMul)
        .of("Gemm", "MatMulInteger", graph -> gemm(graph, false, false))
        .of("Gemm, transposed, with a bias", "MatMulInteger", graph -> gemm(graph, true, true))
        .of("Gather", "Gather", PassEquivalenceTest::lookUp)
        .of("Attention", "QAttention", PassEquivalenceTest::packed)
        .of("causal Attention", "QAttention", graph -> packed(graph, "unidirectional", 1))
        .tests();
  }

  @TestFactory
  Stream<DynamicTest> quantizePerToken() {
    Pass pass = new DynamicQuantization(QuantizationOptions.PER_TOKEN);
    String product = "MatMulIntegerToFloat";
    Suite suite =
        new Suite("quantize per token", pass, EIGHT_BIT)
            .of("MatMul", product, PassEquivalenceTest::matMul)
            .of("MatMul of tokens", product, graph -> product(graph, graph.rows(5, 40), 40, 7))
            .of("Gemm", product, graph -> gemm(graph, false, false))
            .of("Gemm, transposed, with a bias", product, graph -> gemm(graph, true, true))
            .of("Gather", "Gather", PassEquivalenceTest::lookUp)
            .of("Attention", product, PassEquivalenceTest::packed)
            .of("Attention", "MultiHeadAttention", PassEquivalenceTest::packed);
    // What these give has another zero point.
    for (String operator : List.of("Relu", "Sigmoid", "Softmax", "Softplus")) {
      suite.of(
          "MatMul of " + operator,
          product,
          graph -> product(graph, graph.node(operator, List.of(graph.rows(40))), 40, 7));
    }
    for (String operator : List.of("Gelu", "FastGelu", "QuickGelu")) {
      suite.of(
          "MatMul of " + operator,
          product,
          graph -> product(graph, graph.microsoft(operator, List.of(graph.rows(40))), 40, 7));
    }
    suite.of(
        "MatMul of BiasGelu",
        product,
        graph ->
            product(
                graph,
                graph.microsoft("BiasGelu", List.of(graph.rows(40), graph.weights(40))),
                40,
                7));
    Suite later =
        new Suite("quantize per token", pass, EIGHT_BIT)
            .operatorSet(18)
            .of("MatMul of operator set 18", product, PassEquivalenceTest::matMul);
    return Stream.of(suite, later).flatMap(Suite::tests);
  }

  @TestFactory
  Stream<DynamicTest> quantizeWeightsOnly() {
    // As every node's name is made of its first output, the names are those of the random graph.
    return new Suite("quantize weights", new WeightsOnly(), EIGHT_BIT_WEIGHTS)
        .of("MatMul", "MatMul", PassEquivalenceTest::matMul)
        .of("Gemm", "Gemm", graph -> gemm(graph, false, true))
        .of("Gemm, transposed", "Gemm", graph -> gemm(graph, true, false))
        .of("Attention", "Attention", PassEquivalenceTest::packed)
        .tests();
  }

  /** Leaves every layer in FP32, whatever its name. */
  private static final class WeightsOnly implements GraphPass {
    @Override
    public String name() {
      return "quantize";
    }

    @Override
    public Map<String, Object> parameters() {
      return Map.of();
    }

    @Override
    public PassReport apply(OnnxModel model) {
      Set<String> names = Set.copyOf(model.graph().nodes().stream().map(Node::name).toList());
      return new DynamicQuantization(QuantizationOptions.DEFAULT.withWeightsOnly(names))
          .apply(model);
    }
  }

  @TestFactory
  Stream<DynamicTest> quantizeWithinAnError() {
    Shape twoLayers =
        graph -> {
          String first = biased(graph, graph.rows(24), 24, 16);
          return product(graph, graph.node("Relu", List.of(first)), 16, 5);
        };
    double target = 0.012;
    return Stream.of(
            new Suite(
                    "quantize within an error",
                    new ErrorBoundQuantization(
                        new DynamicQuantization(QuantizationOptions.DEFAULT), target),
                    target)
                .of("MatMul", twoLayers, model -> assertThat(model.graph().nodes()).isNotEmpty())
                .tests(),
            new Suite(
                    "quantize statically within an error",
                    new ErrorBoundQuantization(
                        new StaticQuantization(StaticOptions.DEFAULT, CalibrationOptions.DEFAULT),
                        0.02),
                    0.02)
                .of("MatMul", twoLayers, model -> assertThat(model.graph().nodes()).isNotEmpty())
                .tests())
        .flatMap(tests -> tests);
  }

  @TestFactory
  Stream<DynamicTest> quantizeTables() {
    return new Suite("quantize tables", new TableQuantization(), EIGHT_BIT_WEIGHTS)
        .of("Gather", "Gather", PassEquivalenceTest::lookUp)
        .tests();
  }

  @TestFactory
  Stream<DynamicTest> quantizeTo4Bits() {
    Map<String, BlockQuantization.Options> all = new LinkedHashMap<>();
    all.put("blocks of 16", new BlockQuantization.Options(4, 16, false, true, Set.of()));
    all.put("symmetric", new BlockQuantization.Options(4, 16, true, true, Set.of()));
    all.put("blocks of 32", new BlockQuantization.Options(4, 32, false, true, Set.of()));
    all.put("fast", new BlockQuantization.Options(4, 32, false, false, Set.of()));
    return all.entrySet().stream()
        .flatMap(
            entry ->
                new Suite("4 bits", new BlockQuantization(entry.getValue()), FOUR_BIT)
                    .of("MatMul, " + entry.getKey(), "MatMulNBits", PassEquivalenceTest::matMul)
                    .tests());
  }

  @TestFactory
  Stream<DynamicTest> quantizeTo8BitsInBlocks() {
    return Stream.of(false, true)
        .flatMap(
            symmetric ->
                Stream.of(false, true)
                    .flatMap(
                        exact ->
                            new Suite(
                                    "8 bits in blocks%s%s"
                                        .formatted(
                                            symmetric ? ", symmetric" : "", exact ? "" : ", fast"),
                                    new BlockQuantization(
                                        new BlockQuantization.Options(
                                            8, 16, symmetric, exact, Set.of())),
                                    exact ? EIGHT_BIT_WEIGHTS : EIGHT_BIT)
                                .of("MatMul", "MatMulNBits", PassEquivalenceTest::matMul)
                                .of("Attention", "MatMulNBits", PassEquivalenceTest::packed)
                                .tests()));
  }

  @TestFactory
  Stream<DynamicTest> smooth() {
    Suite all =
        new Suite("smooth", new Smoothing(0.5f, Smoothing.Of.ALL), FUSED)
            .of("MatMul", "Mul", PassEquivalenceTest::matMul)
            .of("Gemm", "Mul", graph -> gemm(graph, false, true))
            .of("Attention", "Mul", PassEquivalenceTest::packed);
    Suite normalized =
        new Suite("smooth", new Smoothing(0.5f, Smoothing.Of.NORMALIZED), FUSED)
            .operatorSet(17)
            .of(
                "MatMul of a normalization",
                "Mul",
                graph -> product(graph, normalized(graph, graph.rows(4, 8), 8), 8, 5));
    return Stream.of(all, normalized).flatMap(Suite::tests);
  }

  private static String convolution(RandomGraph graph, String of, int from, int to, boolean bias) {
    List<String> inputs = new ArrayList<>(List.of(of, graph.weights(0.3f, to, from, 3, 3)));
    if (bias) {
      inputs.add(graph.weights(to));
    }
    return graph.node("Conv", inputs, "pads", List.of(1, 1, 1, 1));
  }

  private static String image(RandomGraph graph) {
    return convolution(graph, graph.rows(3, 8, 8), 3, 4, true);
  }

  private static String rows(RandomGraph graph) {
    return product(graph, graph.rows(16), 16, 8);
  }

  @TestFactory
  Stream<DynamicTest> quantizeStatically() {
    return Stream.of(
            new StaticOptions(Format.QDQ, false, Set.of(), Set.of()),
            new StaticOptions(Format.QDQ, true, Set.of(), Set.of()),
            new StaticOptions(Format.QOPERATOR, false, Set.of(), Set.of()),
            new StaticOptions(Format.QOPERATOR, true, Set.of(), Set.of()))
        .flatMap(
            options -> {
              boolean pairs = options.format() == Format.QDQ;
              Suite suite =
                  new Suite(
                      "static %s%s"
                          .formatted(options.format(), options.symmetric() ? ", symmetric" : ""),
                      new StaticQuantization(
                          options, new CalibrationOptions(CalibrationMethod.MIN_MAX, 1)),
                      EIGHT_BIT_CHAIN);
              suite
                  .of("Conv", pairs ? "Conv" : "QLinearConv", PassEquivalenceTest::image)
                  .of(
                      "Conv without a bias",
                      pairs ? "Conv" : "QLinearConv",
                      graph -> convolution(graph, graph.rows(2, 6, 6), 2, 3, false))
                  .of(
                      "Relu",
                      pairs ? "Conv" : "QLinearConv",
                      graph -> graph.node("Relu", List.of(image(graph))))
                  .of(
                      "Clip",
                      pairs ? "Conv" : "QLinearConv",
                      graph ->
                          graph.node(
                              "Clip", List.of(image(graph), graph.scalar(0), graph.scalar(6))))
                  .of("MatMul", pairs ? "MatMul" : "QLinearMatMul", PassEquivalenceTest::matMul)
                  .of("Gemm", pairs ? "Gemm" : "QGemm", graph -> gemm(graph, false, true))
                  .of(
                      "Gemm, transposed",
                      pairs ? "Gemm" : "QGemm",
                      graph -> gemm(graph, true, false))
                  .of("Add", pairs ? "Add" : "QLinearAdd", graph -> joined(graph, "Add"))
                  .of("Mul", pairs ? "Mul" : "QLinearMul", graph -> joined(graph, "Mul"))
                  .of(
                      "Concat",
                      pairs ? "Concat" : "QLinearConcat",
                      graph -> graph.node("Concat", List.of(rows(graph), rows(graph)), "axis", -1))
                  .of(
                      "AveragePool",
                      pairs ? "AveragePool" : "QLinearAveragePool",
                      graph ->
                          graph.node(
                              "AveragePool",
                              List.of(image(graph)),
                              "kernel_shape",
                              List.of(2, 2),
                              "strides",
                              List.of(2, 2)))
                  .of(
                      "GlobalAveragePool",
                      pairs ? "GlobalAveragePool" : "QLinearGlobalAveragePool",
                      graph -> graph.node("GlobalAveragePool", List.of(image(graph))))
                  .of(
                      "MaxPool",
                      "MaxPool",
                      graph ->
                          graph.node(
                              "MaxPool", List.of(image(graph)), "kernel_shape", List.of(2, 2)))
                  .of("Flatten", "Flatten", graph -> graph.node("Flatten", List.of(image(graph))))
                  .of(
                      "Reshape",
                      "Reshape",
                      graph -> graph.node("Reshape", List.of(image(graph), graph.longs(0, -1))))
                  .of(
                      "Transpose",
                      "Transpose",
                      graph ->
                          graph.node(
                              "Transpose", List.of(image(graph)), "perm", List.of(0, 2, 3, 1)))
                  .of(
                      "Unsqueeze and Squeeze",
                      "Squeeze",
                      graph ->
                          graph.node(
                              "Squeeze",
                              List.of(
                                  graph.node("Unsqueeze", List.of(rows(graph), graph.longs(1))),
                                  graph.longs(1))));
              return suite.tests();
            });
  }

  private static String joined(RandomGraph graph, String operator) {
    String x = graph.rows(3, 8, 8);
    return graph.node(
        operator, List.of(convolution(graph, x, 3, 4, true), convolution(graph, x, 3, 4, false)));
  }

  /** Numbers that every operator of one input is defined for. */
  private static String unary(RandomGraph graph, String operator) {
    String x = graph.rows(8);
    String positive = graph.node("Sigmoid", List.of(x));
    return graph.node("Add", List.of(graph.node(operator, List.of(positive)), x));
  }

  @TestFactory
  Stream<DynamicTest> convert() {
    Suite mixed =
        new Suite("convert", new PrecisionConversion(PrecisionOptions.of(Precision.MIXED)), HALF);
    List.of(
            "Abs",
            "Ceil",
            "Cos",
            "Elu",
            "Erf",
            "Exp",
            "Floor",
            "Identity",
            "LeakyRelu",
            "Log",
            "Neg",
            "Reciprocal",
            "Relu",
            "Sigmoid",
            "Sin",
            "Softplus",
            "Softsign",
            "Sqrt",
            "Tanh")
        .forEach(operator -> mixed.of(operator, "Cast", graph -> unary(graph, operator)));
    for (String operator : List.of("Add", "Div", "Max", "Min", "Mul", "Sub")) {
      mixed.of(
          operator,
          "Cast",
          graph ->
              graph.node(
                  operator, List.of(graph.rows(8), graph.node("Exp", List.of(graph.rows(8))))));
    }
    mixed
        .of("MatMul", "Cast", PassEquivalenceTest::matMul)
        .of("Gemm", "Cast", graph -> gemm(graph, true, true))
        .of("Conv", "Cast", PassEquivalenceTest::image)
        .of(
            "Softmax",
            "Cast",
            graph -> graph.node("Softmax", List.of(graph.rows(5, 8)), "axis", -1))
        .of(
            "MaxPool",
            "Cast",
            graph -> graph.node("MaxPool", List.of(image(graph)), "kernel_shape", List.of(2, 2)))
        .of("Gather", "Cast", PassEquivalenceTest::lookUp)
        .of(
            "Transpose",
            "Cast",
            graph -> graph.node("Transpose", List.of(rows(graph)), "perm", List.of(1, 0)))
        .of("Attention", "Cast", PassEquivalenceTest::packed);
    Suite norm =
        new Suite("convert", new PrecisionConversion(PrecisionOptions.of(Precision.MIXED)), HALF)
            .operatorSet(17)
            .of("LayerNormalization", "Cast", graph -> normalized(graph, graph.rows(4, 8), 8));
    Suite bfloat =
        new Suite(
                "store in BF16", new PrecisionConversion(PrecisionOptions.of(Precision.BF16)), HALF)
            .of("MatMul", "Cast", PassEquivalenceTest::matMul)
            .of("Gather", "Cast", PassEquivalenceTest::lookUp);
    Suite stored =
        new Suite(
                "store in FP16",
                new PrecisionConversion(
                    new PrecisionOptions(Precision.FP16, true, true, Set.of(), Set.of(), HALF)),
                HALF)
            .of("MatMul", "Cast", PassEquivalenceTest::matMul)
            .of("Conv", "Cast", graph -> convolution(graph, graph.rows(8, 6, 6), 8, 8, true));
    return Stream.of(mixed, norm, bfloat, stored).flatMap(Suite::tests);
  }

  @TestFactory
  Stream<DynamicTest> prune() {
    Suite neurons =
        new Suite("prune neurons", new StructuredPruning(Structure.NEURONS, 0.5), PRUNED);
    for (String operator : List.of("Relu", "Tanh", "Sigmoid", "Softplus", "Erf")) {
      neurons.of(
          operator,
          graph -> {
            String inner = graph.node("MatMul", List.of(graph.rows(6), graph.doubled(6, 16)));
            return product(graph, graph.node(operator, List.of(inner)), 32, 4);
          },
          model -> assertWidth(model, 16));
    }
    neurons.of(
        "Gemm",
        graph -> {
          String inner = graph.node("Gemm", List.of(graph.rows(6), graph.doubled(6, 16)));
          return graph.node(
              "Gemm",
              List.of(graph.node("Relu", List.of(inner)), graph.weights(4, 32), graph.weights(4)),
              "transB",
              1);
        },
        model -> assertWidth(model, 16));
    Suite channels =
        new Suite("prune channels", new StructuredPruning(Structure.CHANNELS, 0.5), PRUNED);
    channels.of(
        "Conv",
        graph -> {
          String inner =
              graph.node(
                  "Conv",
                  List.of(graph.rows(2, 6, 6), graph.doubledKernel(2, 4)),
                  "pads",
                  List.of(1, 1, 1, 1));
          return convolution(graph, graph.node("Relu", List.of(inner)), 8, 3, true);
        },
        model -> assertWidth(model, 4));
    channels.of(
        "Conv, pooled",
        graph -> {
          String inner =
              graph.node("Conv", List.of(graph.rows(2, 8, 8), graph.doubledKernel(2, 4)));
          String pooled =
              graph.node(
                  "AveragePool",
                  List.of(graph.node("Tanh", List.of(inner))),
                  "kernel_shape",
                  List.of(2, 2));
          return convolution(graph, pooled, 8, 3, false);
        },
        model -> assertWidth(model, 4));
    return Stream.concat(neurons.tests(), channels.tests());
  }

  /** That the first layer gives so much. */
  private static void assertWidth(OnnxModel model, long width) {
    Node first =
        model.graph().sort().stream()
            .filter(node -> node.is("MatMul") || node.is("Gemm") || node.is("Conv"))
            .findFirst()
            .orElseThrow();
    long[] shape = model.graph().constant(first.input(1)).orElseThrow().dimensions();
    assertThat(first.is("Conv") ? shape[0] : shape[1]).isEqualTo(width);
  }

  @TestFactory
  Stream<DynamicTest> pruneWeights() {
    // Half of the weights are next to nothing, so that nothing is lost with them.
    return new Suite("prune weights", new MagnitudePruning(0.5), FUSED)
        .of(
            "MatMul",
            "MatMul",
            graph -> graph.node("MatMul", List.of(graph.rows(8), sparse(graph, 8, 6))))
        .of(
            "Gemm",
            "Gemm",
            graph -> graph.node("Gemm", List.of(graph.rows(8), sparse(graph, 8, 6))))
        .of(
            "Conv",
            "Conv",
            graph -> graph.node("Conv", List.of(graph.rows(2, 6, 6), sparse(graph, 4, 2, 3, 3))))
        .tests();
  }

  private static String sparse(RandomGraph graph, long... shape) {
    long elements = 1;
    List<Long> dimensions = new ArrayList<>();
    for (long dimension : shape) {
      elements *= dimension;
      dimensions.add(dimension);
    }
    List<Float> values = new ArrayList<>();
    for (long index = 0; index < elements; index++) {
      double value = graph.random().nextGaussian();
      values.add((float) (index % 2 == 0 ? 1e-8 * value : Math.signum(value) + value));
    }
    Collections.shuffle(values, graph.random());
    float[] array = new float[values.size()];
    for (int index = 0; index < array.length; index++) {
      array[index] = values.get(index);
    }
    return graph.floats(dimensions, array);
  }
}
