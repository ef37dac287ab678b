package io.onnxfleet.optimizer.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.optimizer.RandomGraph;
import io.onnxfleet.optimizer.compare.OutputError;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.sample.SampleSet;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Graphs that look much like what a fusion replaces. Each differs in one thing: either it still
 * means the same and is fused, or it is left. Whatever is done, the outputs stay.
 */
class FusionPatternTest {
  private static final double TOLERANCE = 1e-4;

  @TempDir Path folder;

  private static long seed() {
    Long given = Long.getLong("test.seed");
    return given == null ? 50 : given;
  }

  private DynamicTest fused(
      String name, String operator, long operatorSet, Function<RandomGraph, String> shape) {
    return DynamicTest.dynamicTest(
        name + " becomes " + operator,
        () ->
            assertThat(operators(name, operatorSet, shape))
                .as("seed %d", seed())
                .contains(operator));
  }

  private DynamicTest left(
      String name, String operator, long operatorSet, Function<RandomGraph, String> shape) {
    return DynamicTest.dynamicTest(
        name + " does not become " + operator,
        () ->
            assertThat(operators(name, operatorSet, shape))
                .as("seed %d", seed())
                .doesNotContain(operator));
  }

  /** The operators of a graph once it is fused, which answers as before. */
  private List<String> operators(
      String name, long operatorSet, Function<RandomGraph, String> shape) {
    RandomGraph graph = new RandomGraph(seed());
    graph.output(shape.apply(graph));
    Path original = graph.write(folder.resolve("original.onnx"), operatorSet);
    OnnxModel model = OnnxModel.read(original);
    new TransformerFusion(TransformerFusion.Target.FP32).apply(model);
    Path result = folder.resolve("fused.onnx");
    model.write(result);
    SampleSet samples = graph.samples();
    try (RunnableModel before = RunnableModel.open(original, SessionSettings.DEFAULT);
        RunnableModel after = RunnableModel.open(result, SessionSettings.DEFAULT)) {
      assertThat(
              OutputError.between(
                      samples,
                      OutputError.answers(before, samples, _ -> {}),
                      OutputError.answers(after, samples, _ -> {}))
                  .relativeError())
          .as("%s, seed %d", name, seed())
          .isLessThanOrEqualTo(TOLERANCE);
    }
    return model.graph().nodes().stream().map(Node::operator).toList();
  }

  /** Two operands in their order or not. */
  private static List<String> pair(String one, String other, boolean swapped) {
    return swapped ? List.of(other, one) : List.of(one, other);
  }

  /** A normalization as it is spelled out, and what may be different about it. */
  private static final class Normalization {
    private static final int WIDTH = 12;

    private int meanAxis = -1;
    private int varianceAxis = -1;
    private boolean axesAsInput;
    private boolean otherMean;
    private double power = 2;
    private boolean squareOfAnother;
    private boolean computedEpsilon;
    private boolean withoutEpsilon;
    private boolean rootIsDivided;
    private boolean otherDividend;
    private boolean divisorOfAnother;
    private String scaling = "Mul";
    private String shifting = "Add";
    private long gamma = WIDTH;
    private long beta = WIDTH;
    private boolean computedGamma;
    private boolean seen;
    private boolean swapped;

    private String mean(RandomGraph graph, String of, int axis) {
      return axesAsInput
          ? graph.node("ReduceMean", List.of(of, graph.longs(axis)))
          : graph.node("ReduceMean", List.of(of), "axes", List.of(axis));
    }

    String build(RandomGraph graph) {
      String x = graph.rows(WIDTH);
      String other = graph.node("Tanh", List.of(x));
      String mean = mean(graph, otherMean ? other : x, meanAxis);
      String centred = graph.node("Sub", List.of(x, mean));
      String square =
          squareOfAnother
              ? graph.node("Mul", List.of(centred, graph.node("Sub", List.of(other, mean))))
              : graph.node("Pow", List.of(centred, graph.scalar(power)));
      if (squareOfAnother || power != 2) {
        // A root must be of what is not negative.
        square = graph.node("Abs", List.of(square));
      }
      String variance = mean(graph, square, varianceAxis);
      String epsilon =
          computedEpsilon
              ? graph.node("Abs", List.of(graph.node("ReduceMax", List.of(other))))
              : graph.scalar(1e-5);
      String root =
          graph.node(
              "Sqrt",
              List.of(
                  withoutEpsilon
                      ? graph.node("Exp", List.of(variance))
                      : graph.node("Add", List.of(variance, epsilon))));
      String dividend = otherDividend ? graph.node("Sub", List.of(other, mean)) : centred;
      String divisor = divisorOfAnother ? graph.node("Exp", List.of(root)) : root;
      String quotient =
          graph.node(
              "Div",
              rootIsDivided
                  ? List.of(root, graph.node("Exp", List.of(dividend)))
                  : List.of(dividend, divisor));
      String scale = computedGamma ? graph.node("Sigmoid", List.of(other)) : graph.weights(gamma);
      String scaled = graph.node(scaling, pair(quotient, scale, swapped && scaling.equals("Mul")));
      String shifted = graph.node(shifting, pair(scaled, graph.weights(beta), swapped));
      return seen ? graph.node("Add", List.of(shifted, centred)) : shifted;
    }

    static Function<RandomGraph, String> with(Consumer<Normalization> change) {
      Normalization normalization = new Normalization();
      change.accept(normalization);
      return normalization::build;
    }
  }

  @TestFactory
  Stream<DynamicTest> normalization() {
    String made = "LayerNormalization";
    return Stream.of(
        fused("a usual one", made, 13, Normalization.with(_ -> {})),
        fused("one with constants first", made, 13, Normalization.with(n -> n.swapped = true)),
        fused("one with axes as an input", made, 18, Normalization.with(n -> n.axesAsInput = true)),
        left("a mean over rows", made, 13, Normalization.with(n -> n.meanAxis = 0)),
        left("a variance over rows", made, 13, Normalization.with(n -> n.varianceAxis = 0)),
        left("another's mean", made, 13, Normalization.with(n -> n.otherMean = true)),
        left("a third power", made, 13, Normalization.with(n -> n.power = 3)),
        left("a product of two", made, 13, Normalization.with(n -> n.squareOfAnother = true)),
        left("a computed epsilon", made, 13, Normalization.with(n -> n.computedEpsilon = true)),
        left("a root without a sum", made, 13, Normalization.with(n -> n.withoutEpsilon = true)),
        left("a divided root", made, 13, Normalization.with(n -> n.rootIsDivided = true)),
        left("another dividend", made, 13, Normalization.with(n -> n.otherDividend = true)),
        left("another divisor", made, 13, Normalization.with(n -> n.divisorOfAnother = true)),
        left("no scale", made, 13, Normalization.with(n -> n.scaling = "Sub")),
        left("no shift", made, 13, Normalization.with(n -> n.shifting = "Sub")),
        left("one number as a scale", made, 13, Normalization.with(n -> n.gamma = 1)),
        left("one number as a shift", made, 13, Normalization.with(n -> n.beta = 1)),
        left("a computed scale", made, 13, Normalization.with(n -> n.computedGamma = true)),
        left("one that is seen inside", made, 13, Normalization.with(n -> n.seen = true)));
  }

  /** {@code x * (1 + erf(x / sqrt(2))) / 2}, and what may be different about it. */
  private static final class Erf {
    private boolean biased;
    private boolean biasSeen;
    private boolean ofInput;
    private String scaling = "Div";
    private double scale = Math.sqrt(2);
    private String adding = "Add";
    private double addend = 1;
    private String multiplying = "Mul";
    private boolean halfFirst;
    private String halving = "Mul";
    private double half = 0.5;
    private boolean halfOfAnother;
    private boolean erfSeen;
    private boolean sumSeen;
    private boolean swapped;

    String build(RandomGraph graph) {
      String input = graph.rows(9);
      String x =
          biased
              ? graph.node("Add", List.of(graph.node("Tanh", List.of(input)), graph.weights(9)))
              : input;
      String scaled = ofInput ? input : graph.node(scaling, List.of(x, graph.scalar(scale)));
      String erf = graph.node("Erf", List.of(scaled));
      String sum = graph.node(adding, pair(erf, graph.scalar(addend), swapped));
      String factor = halfOfAnother ? graph.node("Tanh", List.of(x)) : x;
      String result;
      if (halfFirst) {
        String halved = graph.node(halving, pair(factor, graph.scalar(half), swapped));
        result = graph.node(multiplying, pair(halved, sum, swapped));
      } else {
        String product = graph.node(multiplying, pair(x, sum, swapped));
        result = graph.node(halving, pair(product, graph.scalar(half), swapped));
      }
      List<String> further = new ArrayList<>();
      if (erfSeen) {
        further.add(erf);
      }
      if (sumSeen) {
        further.add(sum);
      }
      if (biasSeen) {
        further.add(x);
      }
      for (String seen : further) {
        result = graph.node("Add", List.of(result, seen));
      }
      return result;
    }

    static Function<RandomGraph, String> with(Consumer<Erf> change) {
      Erf erf = new Erf();
      change.accept(erf);
      return erf::build;
    }
  }

  @TestFactory
  Stream<DynamicTest> gelu() {
    return Stream.of(
        fused("a usual one", "Gelu", 13, Erf.with(_ -> {})),
        fused("constants first", "Gelu", 13, Erf.with(e -> e.swapped = true)),
        fused("half first", "Gelu", 13, Erf.with(e -> e.halfFirst = true)),
        fused(
            "half first, constants first",
            "Gelu",
            13,
            Erf.with(
                e -> {
                  e.halfFirst = true;
                  e.swapped = true;
                })),
        fused("one of a bias", "BiasGelu", 13, Erf.with(e -> e.biased = true)),
        fused(
            "one of a bias that is seen",
            "Gelu",
            13,
            Erf.with(
                e -> {
                  e.biased = true;
                  e.biasSeen = true;
                })),
        left(
            "one of a bias that is seen",
            "BiasGelu",
            13,
            Erf.with(
                e -> {
                  e.biased = true;
                  e.biasSeen = true;
                })),
        left("an input's", "Gelu", 13, Erf.with(e -> e.ofInput = true)),
        left("a quotient by two", "Gelu", 13, Erf.with(e -> e.scale = 2)),
        left("a product with the root", "Gelu", 13, Erf.with(e -> e.scaling = "Mul")),
        left("a difference", "Gelu", 13, Erf.with(e -> e.scaling = "Sub")),
        left("two added", "Gelu", 13, Erf.with(e -> e.addend = 2)),
        left("one taken away", "Gelu", 13, Erf.with(e -> e.adding = "Sub")),
        left("no product", "Gelu", 13, Erf.with(e -> e.multiplying = "Add")),
        left("a quarter", "Gelu", 13, Erf.with(e -> e.half = 0.25)),
        left("no half", "Gelu", 13, Erf.with(e -> e.halving = "Add")),
        left(
            "a quarter first",
            "Gelu",
            13,
            Erf.with(
                e -> {
                  e.halfFirst = true;
                  e.half = 0.25;
                })),
        left(
            "a half added first",
            "Gelu",
            13,
            Erf.with(
                e -> {
                  e.halfFirst = true;
                  e.halving = "Add";
                })),
        left(
            "another's half first",
            "Gelu",
            13,
            Erf.with(
                e -> {
                  e.halfFirst = true;
                  e.halfOfAnother = true;
                })),
        left("one whose erf is seen", "Gelu", 13, Erf.with(e -> e.erfSeen = true)),
        left("one whose sum is seen", "Gelu", 13, Erf.with(e -> e.sumSeen = true)));
  }

  /** The norm of a sum of two layers, and what may be different about it. */
  private static final class Sum {
    private static final int WIDTH = 6;

    private int axis = -1;
    private boolean withoutBeta;
    private boolean computedGamma;
    private boolean sumSeen;
    private boolean biasSeen;
    private boolean noBias;
    private boolean swapped;
    private String active = "";
    private boolean unrelated;
    private boolean ofDifference;

    String build(RandomGraph graph) {
      String input = graph.rows(3, WIDTH);
      String x = normalized(graph, input, WIDTH);
      String inner = graph.node("MatMul", List.of(x, graph.weights(WIDTH, WIDTH)));
      if (!active.isEmpty()) {
        inner = graph.node("MatMul", List.of(x, graph.weights(WIDTH, WIDTH)));
        inner =
            active.equals("Gelu")
                ? graph.microsoft(active, List.of(inner))
                : graph.node(active, List.of(inner));
        inner = graph.node("MatMul", List.of(inner, graph.weights(WIDTH, WIDTH)));
      }
      String biased = noBias ? inner : graph.node("Add", List.of(inner, graph.weights(WIDTH)));
      String skip = unrelated ? graph.rows(3, WIDTH) : x;
      String sum = graph.node(ofDifference ? "Sub" : "Add", pair(biased, skip, swapped));
      List<String> inputs = new ArrayList<>(List.of(sum));
      inputs.add(
          computedGamma
              ? graph.node(
                  "ReduceMax",
                  List.of(graph.node("Sigmoid", List.of(x))),
                  "axes",
                  List.of(0, 1),
                  "keepdims",
                  0)
              : graph.weights(WIDTH));
      if (!withoutBeta) {
        inputs.add(graph.weights(WIDTH));
      }
      String result = graph.node("LayerNormalization", inputs, "axis", axis, "epsilon", 1e-5f);
      if (sumSeen) {
        result = graph.node("Add", List.of(result, sum));
      }
      return biasSeen ? graph.node("Add", List.of(result, biased)) : result;
    }

    static Function<RandomGraph, String> with(Consumer<Sum> change) {
      Sum sum = new Sum();
      change.accept(sum);
      return sum::build;
    }
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

  @TestFactory
  Stream<DynamicTest> sumOfTwoLayers() {
    String made = "SkipLayerNormalization";
    return Stream.of(
        fused("a usual one", made, 17, Sum.with(_ -> {})),
        fused("the skip first", made, 17, Sum.with(s -> s.swapped = true)),
        fused("one without a bias", made, 17, Sum.with(s -> s.noBias = true)),
        fused("a sum that is seen", made, 17, Sum.with(s -> s.sumSeen = true)),
        fused("a bias that is seen", made, 17, Sum.with(s -> s.biasSeen = true)),
        fused("one behind Relu", made, 17, Sum.with(s -> s.active = "Relu")),
        fused("one behind Gelu", made, 17, Sum.with(s -> s.active = "Gelu")),
        left("one behind Exp", made, 17, Sum.with(s -> s.active = "Exp")),
        left("an axis told from the front", made, 17, Sum.with(s -> s.axis = 2)),
        left("one without an addend", made, 17, Sum.with(s -> s.withoutBeta = true)),
        left("a computed scale", made, 17, Sum.with(s -> s.computedGamma = true)),
        left("two inputs", made, 17, Sum.with(s -> s.unrelated = true)),
        left("a difference", made, 17, Sum.with(s -> s.ofDifference = true)));
  }

  /** Scaled dot-product attention of heads, and what may be different about it. */
  private static final class Attention {
    private static final int HEADS = 2;
    private static final int SIZE = 4;
    private static final int WIDTH = HEADS * SIZE;

    private int axis = -1;
    private boolean sharesSeen;
    private boolean sharesSecond;
    private List<Integer> valueOrder = List.of(0, 2, 1, 3);
    private List<Integer> backOrder = List.of(0, 2, 1, 3);
    private boolean mergedInHeads;
    private boolean computedScale;
    private boolean computedQueryScale;
    private boolean scaledQuery;
    private String scaling = "Div";
    private boolean unscaled;
    private boolean batchFlattened;
    private int keyHeads = HEADS;
    private boolean unknownWidth;
    private boolean keyTransposedTwice;
    private boolean computedShape;
    private boolean shapeOfAnother;
    private boolean constantDimensions;
    private boolean bias;
    private boolean biasSeen;
    private boolean projectionSeen;
    private boolean computedBias;
    private boolean otherInput;
    private Mask mask = Mask.NONE;

    private enum Mask {
      NONE,
      USUAL,
      AXES_AT_ONCE,
      FILTER_FIRST,
      ADDED_FIRST,
      INVERSE_OF_TWO,
      NO_PRODUCT,
      COMPUTED_FILTER,
      OTHER_AXES,
      COMPUTED,
      NOT_CAST,
      NO_INVERSE
    }

    private String mask(RandomGraph graph) {
      String given = graph.mask();
      if (mask == Mask.COMPUTED) {
        given = graph.node("Mul", List.of(given, given));
      }
      String wide;
      if (mask == Mask.AXES_AT_ONCE) {
        wide = graph.node("Unsqueeze", List.of(given, graph.longs(1, 2)));
      } else if (mask == Mask.OTHER_AXES) {
        // The same shape, put together in another way.
        wide =
            graph.node(
                "Unsqueeze",
                List.of(graph.node("Unsqueeze", List.of(given, graph.longs(1))), graph.longs(1)));
      } else {
        wide =
            graph.node(
                "Unsqueeze",
                List.of(graph.node("Unsqueeze", List.of(given, graph.longs(1))), graph.longs(2)));
      }
      String floats = graph.node("Cast", List.of(wide), "to", 1);
      if (mask == Mask.NOT_CAST) {
        floats = graph.node("Identity", List.of(floats));
      }
      String inverse =
          mask == Mask.NO_INVERSE
              ? graph.node("Neg", List.of(floats))
              : graph.node(
                  "Sub", List.of(graph.scalar(mask == Mask.INVERSE_OF_TWO ? 2 : 1), floats));
      if (mask == Mask.NO_PRODUCT) {
        return graph.node("Div", List.of(inverse, graph.scalar(-0.0001)));
      }
      String filter =
          mask == Mask.COMPUTED_FILTER
              ? graph.node("Neg", List.of(graph.node("ReduceSum", List.of(floats))))
              : graph.scalar(-10000);
      return graph.node("Mul", pair(inverse, filter, mask == Mask.FILTER_FIRST));
    }

    private String projection(RandomGraph graph, String x, int part, List<String> seen) {
      String rows = graph.node("MatMul", List.of(x, graph.weights(WIDTH, WIDTH)));
      if (unknownWidth && part == 0) {
        rows = graph.node("Tanh", List.of(rows));
      }
      if (projectionSeen && part == 1) {
        seen.add(rows);
      }
      if (!bias) {
        return rows;
      }
      String addend =
          computedBias && part == 2
              ? graph.node("ReduceMax", List.of(x), "axes", List.of(0, 1), "keepdims", 0)
              : graph.weights(WIDTH);
      String biased = graph.node("Add", List.of(rows, addend));
      if (biasSeen && part == 1) {
        seen.add(biased);
      }
      return biased;
    }

    private String shape(RandomGraph graph, String rows, String other, int heads, int size) {
      if (batchFlattened) {
        return graph.longs(0, -1, heads, size);
      }
      if (!computedShape) {
        return graph.longs(0, 0, heads, size);
      }
      String of = shapeOfAnother ? other : rows;
      return graph.node(
          "Concat",
          List.of(
              constantDimensions ? graph.longs(0) : dimension(graph, of, 0),
              constantDimensions ? graph.longs(-1) : dimension(graph, of, 1),
              graph.longs(heads),
              graph.longs(size)),
          "axis",
          0);
    }

    private static String dimension(RandomGraph graph, String of, int axis) {
      String shape = graph.node("Shape", List.of(of));
      String gathered = graph.node("Gather", List.of(shape, graph.index(axis)), "axis", 0);
      return graph.node("Unsqueeze", List.of(gathered, graph.longs(0)));
    }

    String build(RandomGraph graph) {
      String ids = graph.tokens(20);
      String x =
          normalized(graph, graph.node("Gather", List.of(graph.weights(20, WIDTH), ids)), WIDTH);
      String y = otherInput ? graph.node("Tanh", List.of(x)) : x;
      List<String> seen = new ArrayList<>();
      String queryRows = projection(graph, x, 0, seen);
      String keyRows = projection(graph, y, 1, seen);
      String valueRows = projection(graph, x, 2, seen);
      String query = split(graph, queryRows, x, HEADS, List.of(0, 2, 1, 3));
      String key;
      if (keyTransposedTwice) {
        key =
            graph.node(
                "Transpose",
                List.of(split(graph, keyRows, x, keyHeads, List.of(0, 2, 1, 3))),
                "perm",
                List.of(0, 1, 3, 2));
      } else {
        key = split(graph, keyRows, x, keyHeads, List.of(0, 2, 3, 1));
      }
      String value = split(graph, valueRows, x, HEADS, valueOrder);
      String factor =
          computedQueryScale
              ? graph.node("Exp", List.of(graph.node("ReduceMax", List.of(x))))
              : graph.scalar(Math.sqrt(SIZE));
      if (scaledQuery || computedQueryScale) {
        query = graph.node(scaling, List.of(query, factor));
      }
      String scores = graph.node("MatMul", List.of(query, key));
      if (!scaledQuery && !computedQueryScale && !unscaled) {
        String by =
            computedScale
                ? graph.node("Exp", List.of(graph.node("ReduceMax", List.of(x))))
                : graph.scalar(Math.sqrt(SIZE));
        scores = graph.node(scaling, List.of(scores, by));
      }
      if (mask != Mask.NONE) {
        scores = graph.node("Add", pair(scores, mask(graph), mask == Mask.ADDED_FIRST));
      }
      String shares = graph.node("Softmax", List.of(scores), "axis", axis);
      String mixed =
          sharesSecond
              ? graph.node(
                  "Transpose",
                  List.of(
                      graph.node(
                          "MatMul",
                          List.of(
                              graph.node("Transpose", List.of(value), "perm", List.of(0, 1, 3, 2)),
                              shares))),
                  "perm",
                  List.of(0, 1, 3, 2))
              : graph.node("MatMul", List.of(shares, value));
      String back = graph.node("Transpose", List.of(mixed), "perm", backOrder);
      String merged =
          mergedInHeads
              ? graph.node("Reshape", List.of(back, graph.longs(0, -1)))
              : graph.node("Reshape", List.of(back, graph.longs(0, 0, WIDTH)));
      String result = merged;
      if (!mergedInHeads) {
        result = graph.node("MatMul", List.of(merged, graph.weights(WIDTH, 3)));
      }
      List<String> sums = new ArrayList<>(seen);
      if (sharesSeen) {
        sums.add(shares);
      }
      for (String sum : sums) {
        String mean =
            graph.node("Reshape", List.of(graph.node("ReduceMean", List.of(sum)), graph.longs(1)));
        result = graph.node("Add", List.of(result, mean));
      }
      return result;
    }

    private String split(
        RandomGraph graph, String rows, String other, int heads, List<Integer> order) {
      String shape = shape(graph, rows, other, heads, WIDTH / heads);
      return graph.node(
          "Transpose", List.of(graph.node("Reshape", List.of(rows, shape))), "perm", order);
    }

    static Function<RandomGraph, String> with(Consumer<Attention> change) {
      Attention attention = new Attention();
      change.accept(attention);
      return attention::build;
    }
  }

  @TestFactory
  Stream<DynamicTest> attention() {
    String made = "MultiHeadAttention";
    List<DynamicTest> tests = new ArrayList<>();
    tests.add(fused("a usual one", made, 17, Attention.with(_ -> {})));
    tests.add(fused("an axis told from the front", made, 17, Attention.with(a -> a.axis = 3)));
    tests.add(fused("unscaled", made, 17, Attention.with(a -> a.unscaled = true)));
    tests.add(
        fused(
            "a key transposed twice", made, 17, Attention.with(a -> a.keyTransposedTwice = true)));
    tests.add(
        fused("one with a free length", made, 17, Attention.with(a -> a.batchFlattened = true)));
    tests.add(fused("computed shapes", made, 17, Attention.with(a -> a.computedShape = true)));
    tests.add(
        fused(
            "shapes of another value of the same rows",
            made,
            17,
            Attention.with(
                a -> {
                  a.computedShape = true;
                  a.shapeOfAnother = true;
                })));
    tests.add(
        fused(
            "shapes joined of constants",
            made,
            17,
            Attention.with(
                a -> {
                  a.computedShape = true;
                  a.constantDimensions = true;
                })));
    tests.add(
        fused("queries that are scaled", made, 17, Attention.with(a -> a.scaledQuery = true)));
    tests.add(
        fused("scores that are multiplied", made, 17, Attention.with(a -> a.scaling = "Mul")));
    tests.add(
        fused(
            "queries that are multiplied",
            made,
            17,
            Attention.with(
                a -> {
                  a.scaledQuery = true;
                  a.scaling = "Mul";
                })));
    for (Attention.Mask mask :
        List.of(
            Attention.Mask.USUAL,
            Attention.Mask.AXES_AT_ONCE,
            Attention.Mask.FILTER_FIRST,
            Attention.Mask.ADDED_FIRST)) {
      tests.add(fused("the mask " + mask, made, 17, Attention.with(a -> a.mask = mask)));
    }
    for (Attention.Mask mask :
        List.of(
            Attention.Mask.INVERSE_OF_TWO,
            Attention.Mask.NO_PRODUCT,
            Attention.Mask.COMPUTED_FILTER,
            Attention.Mask.OTHER_AXES,
            Attention.Mask.COMPUTED,
            Attention.Mask.NOT_CAST,
            Attention.Mask.NO_INVERSE)) {
      tests.add(left("the mask " + mask, made, 17, Attention.with(a -> a.mask = mask)));
    }
    tests.add(left("shares over queries", made, 17, Attention.with(a -> a.axis = 2)));
    tests.add(left("shares that are seen", made, 17, Attention.with(a -> a.sharesSeen = true)));
    tests.add(left("shares as the second", made, 17, Attention.with(a -> a.sharesSecond = true)));
    tests.add(left("a computed scale", made, 17, Attention.with(a -> a.computedScale = true)));
    tests.add(
        left(
            "a computed scale of queries",
            made,
            17,
            Attention.with(a -> a.computedQueryScale = true)));
    tests.add(left("rows of unknown width", made, 17, Attention.with(a -> a.unknownWidth = true)));
    tests.add(left("heads that stay apart", made, 17, Attention.with(a -> a.mergedInHeads = true)));
    return tests.stream();
  }

  @TestFactory
  Stream<DynamicTest> biasesOfAttention() {
    String packed = "Attention";
    Consumer<Attention> biased = a -> a.bias = true;
    return Stream.of(
        fused("three biased projections of one value", packed, 17, Attention.with(biased)),
        fused(
            "projections of two values",
            "MultiHeadAttention",
            17,
            Attention.with(biased.andThen(a -> a.otherInput = true))),
        left(
            "projections of two values",
            packed,
            17,
            Attention.with(biased.andThen(a -> a.otherInput = true))),
        left(
            "a projection that is seen",
            packed,
            17,
            Attention.with(biased.andThen(a -> a.projectionSeen = true))),
        left(
            "a biased projection that is seen",
            packed,
            17,
            Attention.with(biased.andThen(a -> a.biasSeen = true))),
        left(
            "a computed bias",
            packed,
            17,
            Attention.with(biased.andThen(a -> a.computedBias = true))));
  }

  /** Embeddings of words, types and places, and what may be different about them. */
  private static final class Embedding {
    private static final int WIDTH = 8;

    private boolean withoutBeta;
    private boolean tableIsComputed;
    private boolean computedTypes;
    private boolean twoTables;
    private boolean placesOfTypes;
    private boolean placesFromOne;
    private boolean strange;
    private boolean withoutStep;
    private int start = -1;
    private boolean seen;
    private boolean notCounted;

    String build(RandomGraph graph) {
      String ids = graph.tokens(20);
      String types = graph.tokens(2);
      String words = graph.node("Gather", List.of(graph.weights(20, WIDTH), ids));
      String kindsOf = computedTypes ? graph.node("Abs", List.of(types)) : types;
      String kinds =
          graph.node(
              "Gather",
              List.of(
                  tableIsComputed
                      ? graph.node("Tanh", List.of(graph.weights(2, WIDTH)))
                      : graph.weights(2, WIDTH),
                  kindsOf));
      String sum = graph.node("Add", List.of(words, kinds));
      if (!twoTables) {
        sum =
            graph.node(
                "Add",
                List.of(
                    sum,
                    graph.node(
                        "Gather",
                        List.of(
                            graph.weights(32, WIDTH),
                            places(graph, placesOfTypes ? types : ids)))));
      }
      List<String> inputs = new ArrayList<>(List.of(sum, graph.weights(WIDTH)));
      if (!withoutBeta) {
        inputs.add(graph.weights(WIDTH));
      }
      String normalized = graph.node("LayerNormalization", inputs, "axis", -1, "epsilon", 1e-5f);
      String result = graph.node("MatMul", List.of(normalized, graph.weights(WIDTH, 3)));
      return seen
          ? graph.node(
              "Add", List.of(result, graph.node("ReduceMean", List.of(words), "keepdims", 1)))
          : result;
    }

    private String places(RandomGraph graph, String counted) {
      String shape = graph.node("Shape", List.of(counted));
      String count = graph.node("Gather", List.of(shape, graph.index(1)), "axis", 0);
      if (start >= 0) {
        count = graph.node("Add", List.of(count, graph.index(start)));
      }
      String numbers =
          strange
              ? graph.node("Mul", List.of(graph.positions(32), graph.longs(1)))
              : graph.positions(32);
      if (placesFromOne) {
        numbers = graph.node("Add", List.of(graph.positions(31), graph.longs(1)));
      }
      if (notCounted) {
        count = graph.node("Mul", List.of(count, graph.index(1)));
      }
      List<String> inputs =
          new ArrayList<>(
              List.of(
                  numbers,
                  graph.longs(0),
                  graph.node("Unsqueeze", List.of(count, graph.longs(0))),
                  graph.longs(1)));
      if (!withoutStep) {
        inputs.add(graph.longs(1));
      }
      return graph.node("Slice", inputs);
    }

    static Function<RandomGraph, String> with(Consumer<Embedding> change) {
      Embedding embedding = new Embedding();
      change.accept(embedding);
      return embedding::build;
    }
  }

  @TestFactory
  Stream<DynamicTest> embeddings() {
    String made = "EmbedLayerNormalization";
    List<DynamicTest> tests = new ArrayList<>();
    tests.add(fused("usual ones", made, 17, Embedding.with(_ -> {})));
    tests.add(fused("places without a step", made, 17, Embedding.with(e -> e.withoutStep = true)));
    tests.add(fused("a start of 0", made, 17, Embedding.with(e -> e.start = 0)));
    // The words and the types have as many tokens.
    tests.add(
        fused("places counted over types", made, 17, Embedding.with(e -> e.placesOfTypes = true)));
    tests.add(left("one without an addend", made, 17, Embedding.with(e -> e.withoutBeta = true)));
    tests.add(left("a computed table", made, 17, Embedding.with(e -> e.tableIsComputed = true)));
    tests.add(left("computed types", made, 17, Embedding.with(e -> e.computedTypes = true)));
    tests.add(left("two tables", made, 17, Embedding.with(e -> e.twoTables = true)));
    tests.add(left("computed places", made, 17, Embedding.with(e -> e.strange = true)));
    tests.add(left("places from 1 on", made, 17, Embedding.with(e -> e.placesFromOne = true)));
    tests.add(left("a count that is computed", made, 17, Embedding.with(e -> e.notCounted = true)));
    tests.add(left("words that are seen", made, 17, Embedding.with(e -> e.seen = true)));
    return tests.stream();
  }
}
