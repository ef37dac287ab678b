package io.onnxfleet.optimizer.prune;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.optimizer.RandomGraph;
import io.onnxfleet.optimizer.compare.OutputError;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.pass.Draft;
import io.onnxfleet.optimizer.pass.PassContext;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.sample.SampleSet;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * What may lie between a layer whose outputs go and the one that reads them, and what may not.
 * Where half of a layer says what the other half does, half of it goes without a loss.
 */
class PruningPatternTest {
  private static final double TOLERANCE = 1e-2;
  private static final int HALF = 16;
  private static final int HALF_CHANNELS = 4;

  @TempDir Path folder;

  private static long seed() {
    Long given = Long.getLong("test.seed");
    return given == null ? 70 : given;
  }

  private DynamicTest goes(
      String name, Structure structure, int left, Function<RandomGraph, String> shape) {
    return DynamicTest.dynamicTest(
        "%s go, %s".formatted(structure.plural(), name),
        () -> {
          RandomGraph graph = new RandomGraph(seed());
          graph.output(shape.apply(graph));
          Path original = graph.write(folder.resolve("original.onnx"), 13);
          SampleSet fitting = graph.samples(60, 3);
          Draft draft = Draft.of(original, folder);
          PassContext context = new PassContext(original, folder, () -> fitting, (_, _, _) -> {});
          assertThat(new StructuredPruning(structure, 0.5).apply(draft, context).after())
              .as("seed %d", seed())
              .isEqualTo(left);
          SampleSet samples = graph.samples();
          try (RunnableModel before = RunnableModel.open(original, SessionSettings.DEFAULT);
              RunnableModel after = RunnableModel.open(draft.file(), SessionSettings.DEFAULT)) {
            assertThat(
                    OutputError.between(
                            samples,
                            OutputError.answers(before, samples, _ -> {}),
                            OutputError.answers(after, samples, _ -> {}))
                        .relativeError())
                .as("seed %d", seed())
                .isLessThanOrEqualTo(TOLERANCE);
          }
        });
  }

  private DynamicTest stays(String name, Structure structure, Function<RandomGraph, String> shape) {
    return DynamicTest.dynamicTest(
        "%s stay, %s".formatted(structure.plural(), name),
        () -> {
          RandomGraph graph = new RandomGraph(seed());
          graph.output(shape.apply(graph));
          OnnxModel model = OnnxModel.read(graph.write(folder.resolve("original.onnx"), 13));
          assertThat(new RemovableFinder(model.graph()).find(structure)).isEmpty();
          // It must be a model at all.
          RunnableModel.open(folder.resolve("original.onnx"), SessionSettings.DEFAULT).close();
        });
  }

  // Neurons: a product, something, and a product.

  private static String inner(RandomGraph graph) {
    return graph.node("MatMul", List.of(graph.rows(6), graph.doubled(6, HALF)));
  }

  private static String outer(RandomGraph graph, String of) {
    return graph.node("MatMul", List.of(of, graph.weights(2 * HALF, 4)));
  }

  private static Function<RandomGraph, String> between(
      Map<String, Integer> operands, String operator) {
    return graph -> {
      List<String> inputs = new ArrayList<>(List.of(inner(graph)));
      operands.forEach(
          (shape, elements) ->
              inputs.add(
                  shape.equals("row") ? graph.weights(1, elements) : graph.weights(elements)));
      return outer(graph, graph.node(operator, inputs));
    };
  }

  @TestFactory
  Stream<DynamicTest> neurons() {
    Structure neurons = Structure.NEURONS;
    return Stream.of(
        goes("a sum with one number", neurons, HALF, between(Map.of("vector", 1), "Add")),
        goes(
            "both in two steps",
            neurons,
            HALF,
            graph -> {
              String x = inner(graph);
              String gate = graph.node("Sigmoid", List.of(x));
              return outer(graph, graph.node("Mul", List.of(x, gate)));
            }),
        goes(
            "a bound that is left out",
            neurons,
            HALF,
            graph -> outer(graph, graph.node("Clip", List.of(inner(graph), "", graph.scalar(1))))),
        goes(
            "ONNX Runtime's activation",
            neurons,
            HALF,
            graph -> outer(graph, graph.microsoft("FastGelu", List.of(inner(graph))))),
        goes(
            "a reader with an addend behind it",
            neurons,
            HALF,
            graph ->
                graph.node(
                    "Add",
                    List.of(
                        graph.weights(4),
                        outer(graph, graph.node("Relu", List.of(inner(graph))))))),
        goes(
            "a reader whose sum is no addend",
            neurons,
            HALF,
            graph -> {
              String read = outer(graph, graph.node("Relu", List.of(inner(graph))));
              return graph.node("Add", List.of(read, graph.weights(1)));
            }),
        goes(
            "a reader that two read",
            neurons,
            HALF,
            graph -> {
              String read = outer(graph, graph.node("Relu", List.of(inner(graph))));
              return graph.node("Mul", List.of(read, graph.node("Sigmoid", List.of(read))));
            }),
        goes(
            "a sum and norm behind the reader",
            neurons,
            HALF,
            graph -> {
              String x = graph.rows(3, 6);
              String inner = graph.node("MatMul", List.of(x, graph.doubled(6, HALF)));
              String read =
                  graph.node(
                      "MatMul",
                      List.of(graph.node("Relu", List.of(inner)), graph.weights(2 * HALF, 6)));
              return graph.microsoft(
                  "SkipLayerNormalization",
                  List.of(read, x, graph.weights(6), graph.weights(6), graph.weights(6)));
            }),
        goes(
            "a Gemm with one number as its addend",
            neurons,
            HALF,
            graph -> {
              String inner =
                  graph.node(
                      "Gemm", List.of(graph.rows(6), graph.doubled(6, HALF), graph.weights(1)));
              return outer(graph, graph.node("Relu", List.of(inner)));
            }),
        stays("which nothing comes before", neurons, graph -> outer(graph, graph.rows(2 * HALF))),
        stays(
            "which meet an input",
            neurons,
            graph -> outer(graph, graph.node("Add", List.of(inner(graph), graph.rows(2 * HALF))))),
        stays(
            "which meet another layer's",
            neurons,
            graph -> outer(graph, graph.node("Add", List.of(inner(graph), inner(graph))))),
        stays(
            "which are mixed",
            neurons,
            graph -> outer(graph, graph.node("Softmax", List.of(inner(graph)), "axis", -1))),
        stays(
            "which a constant of rows meets",
            neurons,
            graph -> outer(graph, graph.node("Add", List.of(inner(graph), graph.weights(2, 1))))),
        stays(
            "which two read",
            neurons,
            graph -> {
              String active = graph.node("Relu", List.of(inner(graph)));
              return graph.node(
                  "Add",
                  List.of(
                      outer(graph, active),
                      graph.node("ReduceMean", List.of(active), "axes", List.of(-1))));
            }),
        stays(
            "whose reader adds them too",
            neurons,
            graph -> {
              String active = graph.node("Relu", List.of(inner(graph)));
              return graph.node("Gemm", List.of(active, graph.weights(2 * HALF, 2 * HALF), active));
            }),
        stays(
            "whose reader turns them",
            neurons,
            graph ->
                graph.node(
                    "Gemm",
                    List.of(graph.node("Relu", List.of(inner(graph))), graph.weights(2 * HALF, 4)),
                    "alpha",
                    0.5f)),
        stays(
            "of a custom width",
            neurons,
            graph -> {
              String folded = graph.node("Reshape", List.of(inner(graph), graph.longs(-1, HALF)));
              return graph.node("MatMul", List.of(folded, graph.weights(HALF, 4)));
            }));
  }

  // Channels: a convolution, something, and a convolution.

  private static String convolved(RandomGraph graph) {
    return graph.node(
        "Conv",
        List.of(graph.rows(2, 6, 6), graph.doubledKernel(2, HALF_CHANNELS)),
        "pads",
        List.of(1, 1, 1, 1));
  }

  private static String reader(RandomGraph graph, String of) {
    return graph.node(
        "Conv",
        List.of(of, graph.weights(0.3f, 3, 2 * HALF_CHANNELS, 3, 3)),
        "pads",
        List.of(1, 1, 1, 1));
  }

  /** The same numbers for both halves. */
  private static String halves(RandomGraph graph, long... shape) {
    List<Long> dimensions = new ArrayList<>();
    float[] values = new float[2 * HALF_CHANNELS];
    for (int index = 0; index < HALF_CHANNELS; index++) {
      values[index] = 0.5f + graph.random().nextFloat();
      values[HALF_CHANNELS + index] = values[index];
    }
    for (long dimension : shape) {
      dimensions.add(dimension);
    }
    return graph.floats(dimensions, values);
  }

  @TestFactory
  Stream<DynamicTest> channels() {
    Structure channels = Structure.CHANNELS;
    int all = 2 * HALF_CHANNELS;
    return Stream.of(
        goes(
            "a slope a channel",
            channels,
            HALF_CHANNELS,
            graph ->
                reader(
                    graph,
                    graph.node("PRelu", List.of(convolved(graph), halves(graph, all, 1, 1))))),
        goes(
            "a source with a bias",
            channels,
            HALF_CHANNELS,
            graph -> {
              String inner =
                  graph.node(
                      "Conv",
                      List.of(
                          graph.rows(2, 6, 6),
                          graph.doubledKernel(2, HALF_CHANNELS),
                          halves(graph, all)));
              return reader(graph, graph.node("Relu", List.of(inner)));
            }),
        goes(
            "a convolution of each with a bias",
            channels,
            HALF_CHANNELS,
            graph -> {
              String each =
                  graph.node(
                      "Conv",
                      List.of(convolved(graph), halves(graph, all, 1, 1, 1), halves(graph, all)),
                      "group",
                      all);
              return reader(graph, each);
            }),
        goes(
            "one mean a channel",
            channels,
            HALF_CHANNELS,
            graph ->
                graph.node(
                    "Conv",
                    List.of(
                        graph.node("GlobalAveragePool", List.of(convolved(graph))),
                        graph.weights(0.3f, 3, all, 1, 1)))),
        stays(
            "whose reader has groups",
            channels,
            graph ->
                graph.node(
                    "Conv",
                    List.of(
                        graph.node("Relu", List.of(convolved(graph))),
                        graph.weights(0.3f, 2, HALF_CHANNELS, 3, 3)),
                    "group",
                    2)),
        stays(
            "which are padded",
            channels,
            graph ->
                reader(
                    graph,
                    graph.node(
                        "Pad", List.of(convolved(graph), graph.longs(0, 0, 1, 1, 0, 0, 1, 1))))),
        stays(
            "which a map for each place meets",
            channels,
            graph ->
                reader(
                    graph,
                    graph.node("Add", List.of(convolved(graph), graph.weights(1, 1, 6, 6))))),
        stays(
            "whose reader's bias is computed",
            channels,
            graph -> {
              String bias =
                  graph.node(
                      "Reshape",
                      List.of(graph.node("Exp", List.of(graph.weights(3))), graph.longs(3)));
              return graph.node(
                  "Conv",
                  List.of(
                      graph.node("Relu", List.of(convolved(graph))),
                      graph.weights(0.3f, 3, all, 3, 3),
                      bias));
            }));
  }

  // Heads: attention and a product.

  private static String attention(RandomGraph graph, int heads, Object... attributes) {
    List<Object> all = new ArrayList<>(List.of("num_heads", heads));
    all.addAll(List.of(attributes));
    return graph.microsoft(
        "Attention",
        List.of(graph.rows(4, 8), graph.weights(0.3f, 8, 24), graph.weights(24)),
        all.toArray());
  }

  @TestFactory
  Stream<DynamicTest> heads() {
    Structure heads = Structure.HEADS;
    return Stream.of(
        stays(
            "of one head",
            heads,
            graph -> graph.node("MatMul", List.of(attention(graph, 1), graph.weights(8, 3)))),
        stays("which nothing reads", heads, graph -> attention(graph, 2)),
        stays(
            "of sizes that are told",
            heads,
            graph ->
                graph.node(
                    "MatMul",
                    List.of(
                        attention(graph, 2, "qkv_hidden_sizes", List.of(8, 8, 8)),
                        graph.weights(8, 3)))),
        stays(
            "which are active before they are read",
            heads,
            graph ->
                graph.node(
                    "MatMul",
                    List.of(
                        graph.node("Relu", List.of(attention(graph, 2))), graph.weights(8, 3)))),
        stays(
            "of computed weights",
            heads,
            graph -> {
              String weights = graph.node("Tanh", List.of(graph.weights(8, 24)));
              String attended =
                  graph.microsoft(
                      "Attention",
                      List.of(graph.rows(4, 8), weights, graph.weights(24)),
                      "num_heads",
                      2);
              return graph.node("MatMul", List.of(attended, graph.weights(8, 3)));
            }),
        stays(
            "of a computed bias",
            heads,
            graph -> {
              String bias = graph.node("Tanh", List.of(graph.weights(24)));
              String attended =
                  graph.microsoft(
                      "Attention",
                      List.of(graph.rows(4, 8), graph.weights(0.3f, 8, 24), bias),
                      "num_heads",
                      2);
              return graph.node("MatMul", List.of(attended, graph.weights(8, 3)));
            }));
  }
}
