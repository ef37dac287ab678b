package io.onnxfleet.optimizer.quantize.dynamic;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.optimizer.RandomGraph;
import io.onnxfleet.optimizer.TestModels;
import io.onnxfleet.optimizer.compare.OutputError;
import io.onnxfleet.optimizer.fuse.TransformerFusion;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.pass.GraphPass;
import io.onnxfleet.optimizer.proto.GraphProto;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.runtime.TensorValue;
import io.onnxfleet.optimizer.sample.SampleSet;
import io.onnxfleet.optimizer.sample.TextSamples;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a scale a token promises: a row's answer is the same in any company. */
class TokenScaleTest {
  private static final GraphPass PER_TOKEN = new DynamicQuantization(QuantizationOptions.PER_TOKEN);
  private static final GraphPass PER_BATCH = new DynamicQuantization(QuantizationOptions.DEFAULT);

  @TempDir Path folder;

  private static long seed() {
    Long given = Long.getLong("test.seed");
    return given == null ? 31 : given;
  }

  /** The largest difference between rows alone and together, of the largest answer. */
  private double inCompany(GraphPass pass, Function<RandomGraph, String> shape) {
    RandomGraph random = new RandomGraph(seed());
    random.output(shape.apply(random));
    OnnxModel model = OnnxModel.read(random.write(folder.resolve("original.onnx"), 13));
    pass.apply(model);
    Path file = folder.resolve("result.onnx");
    model.write(file);
    double largest = 0;
    double difference = 0;
    try (RunnableModel runnable = RunnableModel.open(file, SessionSettings.DEFAULT)) {
      for (List<TensorValue> sample : random.samples(8, 6).samples()) {
        Tensor together = runnable.run(sample).getFirst().tensor();
        float[] all = together.floats();
        int width = all.length / Math.toIntExact(together.dimension(0));
        for (int row = 0; row < together.dimension(0); row++) {
          float[] alone = runnable.run(row(sample, row)).getFirst().tensor().floats();
          for (int index = 0; index < width; index++) {
            largest = Math.max(largest, Math.abs(alone[index]));
            difference = Math.max(difference, Math.abs(alone[index] - all[row * width + index]));
          }
        }
      }
    }
    return difference / largest;
  }

  private static List<TensorValue> row(List<TensorValue> sample, int row) {
    return sample.stream()
        .map(
            value -> {
              Tensor all = value.tensor();
              long[] shape = all.dimensions();
              int bytes = Math.toIntExact(all.bytes() / shape[0]);
              shape[0] = 1;
              ByteBuffer data = Tensor.allocate(bytes);
              data.put(all.data().slice(row * bytes, bytes)).flip();
              return new TensorValue(value.name(), Tensor.of(all.type(), data, shape));
            })
        .toList();
  }

  private static String product(RandomGraph graph) {
    return graph.node("MatMul", List.of(graph.rows(48), graph.weights(48, 9)));
  }

  /** Two products with what takes each element by itself between them. */
  private static String layers(RandomGraph graph) {
    String inner = graph.node("MatMul", List.of(graph.rows(5, 32), graph.weights(32, 64)));
    String active = graph.microsoft("BiasGelu", List.of(inner, graph.weights(64)));
    return graph.node("MatMul", List.of(active, graph.weights(64, 8)));
  }

  private static String attention(RandomGraph graph) {
    return graph.microsoft(
        "Attention",
        List.of(graph.rows(5, 16), graph.weights(0.3f, 16, 48), graph.weights(48)),
        "num_heads",
        4);
  }

  @Test
  void row_isAnsweredTheSame_inAnyCompany() {
    assertThat(inCompany(PER_TOKEN, TokenScaleTest::product)).isLessThan(1e-6);
    assertThat(inCompany(PER_TOKEN, TokenScaleTest::layers)).isLessThan(1e-6);
    assertThat(inCompany(PER_TOKEN, TokenScaleTest::attention)).isLessThan(1e-6);
    // One scale over the batch is what this guards against.
    assertThat(inCompany(PER_BATCH, TokenScaleTest::product)).isGreaterThan(1e-4);
  }

  @Test
  void tokenOfZeros_isAnsweredZero() {
    GraphProto.Builder graph =
        GraphProto.newBuilder()
            .addInput(TestModels.value("x", TestModels.FLOAT, -1, 16))
            .addOutput(TestModels.value("y", TestModels.FLOAT, -1, 4))
            .addInitializer(TestModels.weights("w", new Random(1), 16, 4))
            .addNode(TestModels.node("MatMul", "product", List.of("x", "w"), "y"));
    OnnxModel model = OnnxModel.read(TestModels.write(folder.resolve("model.onnx"), graph));
    PER_TOKEN.apply(model);
    Path file = folder.resolve("int8.onnx");
    model.write(file);
    float[] rows = new float[32];
    rows[20] = 3;
    try (RunnableModel runnable = RunnableModel.open(file, SessionSettings.DEFAULT)) {
      Tensor answer =
          runnable
              .run(List.of(new TensorValue("x", Tensor.ofFloats(rows, 2, 16))))
              .getFirst()
              .tensor();
      assertThat(answer.floats()).startsWith(0, 0, 0, 0).doesNotContain(Float.NaN);
      assertThat(answer.floats()[4]).isNotZero();
    }
  }

  @Test
  void productsOfOneValue_shareItsEightBits() {
    GraphProto.Builder graph =
        GraphProto.newBuilder()
            .addInput(TestModels.value("x", TestModels.FLOAT, -1, 16))
            .addOutput(TestModels.value("a", TestModels.FLOAT, -1, 4))
            .addOutput(TestModels.value("b", TestModels.FLOAT, -1, 4))
            .addInitializer(TestModels.weights("v", new Random(1), 16, 4))
            .addInitializer(TestModels.weights("w", new Random(2), 16, 4))
            .addNode(TestModels.node("MatMul", "first", List.of("x", "v"), "a"))
            .addNode(TestModels.node("MatMul", "second", List.of("x", "w"), "b"));
    OnnxModel model = OnnxModel.read(TestModels.write(folder.resolve("model.onnx"), graph));
    PER_TOKEN.apply(model);
    assertThat(model.graph().nodes())
        .extracting(Node::operator)
        .filteredOn(operator -> operator.equals("QuantizeLinear"))
        .hasSize(1);
  }

  @Test
  void attention_staysAsItIs_whereItWouldMeanSomethingElseApart() {
    for (String attribute : List.of("unidirectional", "do_rotary")) {
      RandomGraph random = new RandomGraph(seed());
      String attended =
          random.microsoft(
              "Attention",
              List.of(random.rows(5, 16), random.weights(0.3f, 16, 48), random.weights(48)),
              "num_heads",
              4,
              attribute,
              1);
      random.output(random.node("MatMul", List.of(attended, random.weights(16, 4))));
      OnnxModel model = OnnxModel.read(random.write(folder.resolve("original.onnx"), 13));
      PER_TOKEN.apply(model);
      assertThat(model.graph().nodes())
          .as(attribute)
          .anyMatch(node -> node.operator().equals("Attention"))
          .noneMatch(node -> node.operator().equals("MultiHeadAttention"));
    }
  }

  @Test
  void miniLm_isCloseToTheOriginal_andTheSameInCompany() {
    OnnxModel model = OnnxModel.read(TestModels.miniLm());
    new TransformerFusion(TransformerFusion.Target.INT8).apply(model);
    assertThat(new DynamicQuantization(QuantizationOptions.PER_TOKEN).apply(model).products())
        .hasSize(36);
    Path file = folder.resolve("int8.onnx");
    model.write(file);
    Random random = new Random(seed());
    List<List<TensorValue>> together = new ArrayList<>();
    List<List<List<TensorValue>>> alone = new ArrayList<>();
    try (RunnableModel before = RunnableModel.open(TestModels.miniLm(), SessionSettings.DEFAULT);
        RunnableModel after = RunnableModel.open(file, SessionSettings.DEFAULT)) {
      for (int batch = 0; batch < 4; batch++) {
        List<long[]> rows = new ArrayList<>();
        for (int row = 0; row < 4; row++) {
          rows.add(random.longs(3 + random.nextInt(40), 1000, 20_000).toArray());
        }
        together.add(TextSamples.rows(before.inputs(), rows));
        alone.add(
            rows.stream().map(row -> TextSamples.rows(before.inputs(), List.of(row))).toList());
      }
      SampleSet samples = new SampleSet("batches", together);
      OutputError toOriginal =
          OutputError.between(
              samples,
              OutputError.answers(before, samples, _ -> {}),
              OutputError.answers(after, samples, _ -> {}));
      assertThat(toOriginal.meanCosine()).isGreaterThan(0.993);
      for (int batch = 0; batch < together.size(); batch++) {
        Tensor all = after.run(together.get(batch)).getFirst().tensor();
        for (int row = 0; row < 4; row++) {
          Tensor one = after.run(alone.get(batch).get(row)).getFirst().tensor();
          assertThat(cosine(mean(one, 0, one.dimension(1)), mean(all, row, one.dimension(1))))
              .isGreaterThan(0.99999);
        }
      }
    }
  }

  private static double[] mean(Tensor states, int row, long tokens) {
    int width = Math.toIntExact(states.dimension(2));
    int from = Math.toIntExact(row * states.dimension(1) * width);
    float[] values = states.floats();
    double[] mean = new double[width];
    for (int index = 0; index < tokens * width; index++) {
      mean[index % width] += values[from + index];
    }
    return mean;
  }

  private static double cosine(double[] one, double[] other) {
    double product = 0;
    double first = 0;
    double second = 0;
    for (int index = 0; index < one.length; index++) {
      product += one[index] * other[index];
      first += one[index] * one[index];
      second += other[index] * other[index];
    }
    return product / Math.sqrt(first * second);
  }
}
