package io.onnxfleet.optimizer.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.optimizer.TestModels;
import io.onnxfleet.optimizer.compare.OutputError;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.proto.GraphProto;
import io.onnxfleet.optimizer.quantize.dynamic.DynamicQuantization;
import io.onnxfleet.optimizer.quantize.dynamic.QuantizationOptions;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.runtime.TensorValue;
import io.onnxfleet.optimizer.sample.SampleSet;
import io.onnxfleet.optimizer.sample.SampleSource;
import io.onnxfleet.optimizer.sample.TextSamples;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

class TransformerFusionTest {
  @TempDir Path folder;

  @Test
  void miniLm_isFusedWhole_withTheSameOutputs() {
    OnnxModel model = OnnxModel.read(TestModels.miniLm());
    Map<String, Integer> made =
        new TransformerFusion(TransformerFusion.Target.FP32).apply(model).made();
    assertThat(made)
        .containsEntry("Attention", 6)
        .containsEntry("EmbedLayerNormalization", 1)
        .containsEntry("SkipLayerNormalization", 12)
        .containsEntry("BiasGelu", 6);
    assertThat(model.graph().nodes())
        .extracting(Node::operator)
        .containsOnly(
            "Cast",
            "EmbedLayerNormalization",
            "Attention",
            "MatMul",
            "SkipLayerNormalization",
            "BiasGelu");
    Path fused = folder.resolve("fused.onnx");
    model.write(fused);
    assertThat(errorOverPaddedBatches(TestModels.miniLm(), fused).largestDifference())
        .isLessThan(1e-5);
  }

  @Test
  void miniLm_stays8BitAfterFusion_withTheSameLossAsWithout() {
    OnnxModel plain = OnnxModel.read(TestModels.miniLm());
    new DynamicQuantization(QuantizationOptions.DEFAULT).apply(plain);
    Path unfused = folder.resolve("int8.onnx");
    plain.write(unfused);
    OnnxModel model = OnnxModel.read(TestModels.miniLm());
    new TransformerFusion(TransformerFusion.Target.INT8).apply(model);
    new DynamicQuantization(QuantizationOptions.DEFAULT).apply(model);
    assertThat(model.graph().nodes().stream().filter(n -> n.operator().equals("QAttention")))
        .hasSize(6);
    Path fused = folder.resolve("fused.onnx");
    model.write(fused);
    OutputError without = errorOverPaddedBatches(TestModels.miniLm(), unfused);
    OutputError with = errorOverPaddedBatches(TestModels.miniLm(), fused);
    assertThat(with.meanCosine()).isGreaterThan(0.98);
    assertThat(with.meanCosine()).isGreaterThan(without.meanCosine() - 0.002);
  }

  @Test
  @EnabledIfSystemProperty(named = "fleet.shared", matches = ".+")
  void tinyBert_isFused_withTheSameOutputs() {
    Path original =
        Path.of(System.getProperty("fleet.shared"), "models", "tinybert-encoder", "model.onnx");
    OnnxModel model = OnnxModel.read(original);
    Map<String, Integer> made =
        new TransformerFusion(TransformerFusion.Target.FP32).apply(model).made();
    assertThat(made).containsEntry("Attention", 1).containsEntry("SkipLayerNormalization", 2);
    Path fused = folder.resolve("fused.onnx");
    model.write(fused);
    try (RunnableModel before = RunnableModel.open(original, SessionSettings.DEFAULT);
        RunnableModel after = RunnableModel.open(fused, SessionSettings.DEFAULT)) {
      SampleSet samples = new SampleSource(new Random(1), 1).samplesFor(before, null);
      assertThat(error(before, after, samples).largestDifference()).isLessThan(1e-4);
    }
  }

  @Test
  void normalization_staysAsItIs_whenAnotherNodeSeesItsInside() {
    Path file =
        TestModels.write(
            folder.resolve("model.onnx"),
            normalization().addOutput(TestModels.value("centred", TestModels.FLOAT, -1, 4)));
    OnnxModel model = OnnxModel.read(file);
    assertThat(new TransformerFusion(TransformerFusion.Target.FP32).apply(model).made()).isEmpty();
  }

  @Test
  void normalization_isFused_whenNothingElseSeesItsInside() {
    Path file = TestModels.write(folder.resolve("model.onnx"), normalization());
    OnnxModel model = OnnxModel.read(file);
    assertThat(new TransformerFusion(TransformerFusion.Target.FP32).apply(model).made())
        .containsExactly(Map.entry("LayerNormalization", 1));
    Path fused = folder.resolve("fused.onnx");
    model.write(fused);
    try (RunnableModel before = RunnableModel.open(file, SessionSettings.DEFAULT);
        RunnableModel after = RunnableModel.open(fused, SessionSettings.DEFAULT)) {
      SampleSet samples = new SampleSource(new Random(1), 10).samplesFor(before, null);
      assertThat(error(before, after, samples).largestDifference()).isLessThan(1e-5);
    }
  }

  @Test
  void sum_isNotFused_whenOneSideMayBeStretched() {
    GraphProto.Builder graph =
        GraphProto.newBuilder()
            .addInput(TestModels.value("x", TestModels.FLOAT, -1, 4))
            .addInput(TestModels.value("z", TestModels.FLOAT, 1, 4))
            .addOutput(TestModels.value("y", TestModels.FLOAT, -1, 4))
            .addInitializer(TestModels.weights("gamma", new Random(1), 4))
            .addInitializer(TestModels.weights("beta", new Random(2), 4))
            .addNode(TestModels.node("Add", "sum", List.of("x", "z"), "s"))
            .addNode(
                TestModels.node("LayerNormalization", "norm", List.of("s", "gamma", "beta"), "y"));
    Path file = TestModels.write(folder.resolve("model.onnx"), graph, 17);
    OnnxModel model = OnnxModel.read(file);
    assertThat(new TransformerFusion(TransformerFusion.Target.FP32).apply(model).made()).isEmpty();
  }

  private static GraphProto.Builder normalization() {
    Random random = new Random(5);
    return GraphProto.newBuilder()
        .addInput(TestModels.value("x", TestModels.FLOAT, -1, 4))
        .addOutput(TestModels.value("y", TestModels.FLOAT, -1, 4))
        .addInitializer(TestModels.weights("gamma", random, 4))
        .addInitializer(TestModels.weights("beta", random, 4))
        .addInitializer(scalar("two", 2))
        .addInitializer(scalar("epsilon", 1e-6f))
        .addNode(reduction("mean", "x", "m"))
        .addNode(TestModels.node("Sub", "sub", List.of("x", "m"), "centred"))
        .addNode(TestModels.node("Pow", "pow", List.of("centred", "two"), "p"))
        .addNode(reduction("variance", "p", "v"))
        .addNode(TestModels.node("Add", "add", List.of("v", "epsilon"), "e"))
        .addNode(TestModels.node("Sqrt", "sqrt", List.of("e"), "d"))
        .addNode(TestModels.node("Div", "div", List.of("centred", "d"), "q"))
        .addNode(TestModels.node("Mul", "mul", List.of("q", "gamma"), "g"))
        .addNode(TestModels.node("Add", "shift", List.of("g", "beta"), "y"));
  }

  private static io.onnxfleet.optimizer.proto.TensorProto.Builder scalar(String name, float value) {
    return io.onnxfleet.optimizer.proto.TensorProto.newBuilder()
        .setName(name)
        .setDataType(TestModels.FLOAT)
        .addFloatData(value);
  }

  private static io.onnxfleet.optimizer.proto.NodeProto.Builder reduction(
      String name, String input, String output) {
    return TestModels.node("ReduceMean", name, List.of(input), output)
        .addAttribute(
            io.onnxfleet.optimizer.proto.AttributeProto.newBuilder()
                .setName("axes")
                .setType(io.onnxfleet.optimizer.proto.AttributeProto.AttributeType.INTS)
                .addInts(-1));
  }

  /** Rows of different lengths in one batch: padding must be masked as before. */
  private static OutputError errorOverPaddedBatches(Path original, Path result) {
    Random random = new Random(7);
    try (RunnableModel before = RunnableModel.open(original, SessionSettings.DEFAULT);
        RunnableModel after = RunnableModel.open(result, SessionSettings.DEFAULT)) {
      List<List<TensorValue>> batches = new ArrayList<>();
      for (int batch = 0; batch < 3; batch++) {
        List<long[]> rows = new ArrayList<>();
        for (int row = 0; row < 4; row++) {
          rows.add(random.longs(1 + random.nextInt(24), 1000, 20_000).toArray());
        }
        batches.add(TextSamples.rows(before.inputs(), rows));
      }
      return error(before, after, new SampleSet("padded batches", batches));
    }
  }

  private static OutputError error(RunnableModel before, RunnableModel after, SampleSet samples) {
    return OutputError.between(
        samples,
        OutputError.answers(before, samples, _ -> {}),
        OutputError.answers(after, samples, _ -> {}));
  }
}
