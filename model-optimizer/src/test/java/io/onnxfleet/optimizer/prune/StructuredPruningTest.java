package io.onnxfleet.optimizer.prune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.TestModels;
import io.onnxfleet.optimizer.compare.OutputError;
import io.onnxfleet.optimizer.fuse.TransformerFusion;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.pass.Draft;
import io.onnxfleet.optimizer.pass.PassContext;
import io.onnxfleet.optimizer.proto.AttributeProto;
import io.onnxfleet.optimizer.proto.AttributeProto.AttributeType;
import io.onnxfleet.optimizer.proto.GraphProto;
import io.onnxfleet.optimizer.proto.TensorProto;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.sample.SampleSet;
import io.onnxfleet.optimizer.sample.SampleSource;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StructuredPruningTest {
  @TempDir Path folder;

  /** Weights of which every second output is the one before it, doubled. */
  private static TensorProto.Builder doubled(String name, long... shape) {
    TensorProto.Builder weights = TestModels.weights(name, new Random(3), shape);
    boolean outputsFirst = shape.length == 4;
    int outputs = (int) (outputsFirst ? shape[0] : shape[shape.length - 1]);
    int features = weights.getFloatDataCount() / outputs;
    for (int output = 1; output < outputs; output += 2) {
      for (int feature = 0; feature < features; feature++) {
        int place = outputsFirst ? output * features + feature : feature * outputs + output;
        int before = outputsFirst ? place - features : place - 1;
        weights.setFloatData(place, 2 * weights.getFloatData(before));
      }
    }
    return weights;
  }

  private SampleSet samples(Path model, int count) {
    try (RunnableModel runnable = RunnableModel.open(model, SessionSettings.DEFAULT)) {
      return new SampleSource(new Random(9), count).samplesFor(runnable, null);
    }
  }

  private OutputError error(Path one, OnnxModel model, SampleSet samples) {
    Path other = folder.resolve("result.onnx");
    model.write(other);
    try (RunnableModel before = RunnableModel.open(one, SessionSettings.DEFAULT);
        RunnableModel after = RunnableModel.open(other, SessionSettings.DEFAULT)) {
      return OutputError.between(
          samples,
          OutputError.answers(before, samples, _ -> {}),
          OutputError.answers(after, samples, _ -> {}));
    }
  }

  private StructuredPruning.Outcome prune(
      Draft draft, Structure structure, double share, SampleSet samples) {
    Path none = folder.resolve("none.onnx");
    return new StructuredPruning(structure, share)
        .apply(draft, new PassContext(none, folder, () -> samples, (_, _, _) -> {}));
  }

  @Test
  void neurons_go_andTheNextLayerMakesUpForThem() {
    GraphProto.Builder graph =
        GraphProto.newBuilder()
            .addInput(TestModels.value("x", TestModels.FLOAT, -1, 16))
            .addOutput(TestModels.value("y", TestModels.FLOAT, -1, 8))
            .addInitializer(doubled("w1", 16, 32))
            .addInitializer(doubled("b1", 32))
            .addInitializer(TestModels.weights("w2", new Random(4), 32, 8))
            .addInitializer(TestModels.weights("b2", new Random(5), 8))
            .addNode(TestModels.node("MatMul", "first", List.of("x", "w1"), "h"))
            .addNode(TestModels.node("Add", "bias", List.of("b1", "h"), "a"))
            .addNode(TestModels.node("Relu", "relu", List.of("a"), "r"))
            .addNode(TestModels.node("MatMul", "second", List.of("r", "w2"), "s"))
            .addNode(TestModels.node("Add", "addend", List.of("s", "b2"), "y"));
    Path file = TestModels.write(folder.resolve("model.onnx"), graph);
    SampleSet samples = samples(file, 200);
    Draft draft = Draft.of(file, folder);
    assertThat(prune(draft, Structure.NEURONS, 0.5, samples))
        .isEqualTo(new StructuredPruning.Outcome(Structure.NEURONS, 1, 32, 16));
    OnnxModel model = draft.model();
    assertThat(error(file, model, samples(file, 20)).relativeError()).isLessThan(2e-3);
    OnnxModel written = OnnxModel.read(folder.resolve("result.onnx"));
    assertThat(shapes(written, "MatMul", 1)).containsExactly(List.of(16L, 16L), List.of(16L, 8L));
    assertThat(written.graph().isInitializer("w1")).isFalse();
  }

  private static List<List<Long>> shapes(OnnxModel model, String operator, int input) {
    return model.graph().sort().stream()
        .filter(node -> node.is(operator))
        .map(node -> model.graph().constant(node.input(input)).map(Tensor::dimensions))
        .map(shape -> java.util.Arrays.stream(shape.orElseThrow()).boxed().toList())
        .toList();
  }

  @Test
  void channels_go_withWhatNormalizesThemAndWhatWorksOnEach() {
    AttributeProto.Builder group =
        AttributeProto.newBuilder().setName("group").setType(AttributeType.INT).setI(8);
    AttributeProto.Builder pads =
        AttributeProto.newBuilder()
            .setName("pads")
            .setType(AttributeType.INTS)
            .addAllInts(List.of(1L, 1L, 1L, 1L));
    TensorProto.Builder ones = TensorProto.newBuilder().setName("ones").setDataType(1).addDims(8);
    TensorProto.Builder zeros = ones.clone().setName("zeros");
    for (int channel = 0; channel < 8; channel++) {
      ones.addFloatData(1);
      zeros.addFloatData(0);
    }
    TensorProto.Builder same = TensorProto.newBuilder().setName("same").setDataType(1);
    same.addDims(8).addDims(1).addDims(1).addDims(1);
    for (int channel = 0; channel < 8; channel++) {
      same.addFloatData(0.5f);
    }
    GraphProto.Builder graph =
        GraphProto.newBuilder()
            .addInput(TestModels.value("x", TestModels.FLOAT, -1, 3, 6, 6))
            .addOutput(TestModels.value("y", TestModels.FLOAT, -1, 4, 3, 3))
            .addInitializer(doubled("w1", 8, 3, 3, 3))
            .addInitializer(ones)
            .addInitializer(zeros)
            .addInitializer(same)
            .addInitializer(TestModels.weights("w2", new Random(4), 4, 8, 3, 3))
            .addNode(TestModels.node("Conv", "first", List.of("x", "w1"), "c").addAttribute(pads))
            .addNode(
                TestModels.node(
                    "BatchNormalization",
                    "norm",
                    List.of("c", "ones", "zeros", "zeros", "ones"),
                    "n"))
            .addNode(TestModels.node("Relu", "relu", List.of("n"), "r"))
            .addNode(TestModels.node("Conv", "each", List.of("r", "same"), "d").addAttribute(group))
            .addNode(
                TestModels.node("MaxPool", "pool", List.of("d"), "p")
                    .addAttribute(
                        AttributeProto.newBuilder()
                            .setName("kernel_shape")
                            .setType(AttributeType.INTS)
                            .addAllInts(List.of(2L, 2L)))
                    .addAttribute(
                        AttributeProto.newBuilder()
                            .setName("strides")
                            .setType(AttributeType.INTS)
                            .addAllInts(List.of(2L, 2L))))
            .addNode(TestModels.node("Conv", "second", List.of("p", "w2"), "y").addAttribute(pads));
    Path file = TestModels.write(folder.resolve("model.onnx"), graph);
    SampleSet samples = samples(file, 60);
    Draft draft = Draft.of(file, folder);
    assertThat(prune(draft, Structure.CHANNELS, 0.5, samples))
        .isEqualTo(new StructuredPruning.Outcome(Structure.CHANNELS, 1, 8, 4));
    OnnxModel model = draft.model();
    assertThat(error(file, model, samples(file, 20)).relativeError()).isLessThan(5e-3);
    assertThat(shapes(model, "Conv", 1))
        .containsExactly(List.of(4L, 3L, 3L, 3L), List.of(4L, 1L, 1L, 1L), List.of(4L, 4L, 3L, 3L));
  }

  @Test
  void heads_go_fromFusedAttention() {
    OnnxModel model = OnnxModel.read(TestModels.miniLm());
    new TransformerFusion(TransformerFusion.Target.FP32).apply(model);
    SampleSet samples = samples(TestModels.miniLm(), 32);
    Draft draft = Draft.of(model, folder);
    assertThat(prune(draft, Structure.HEADS, 0.15, samples))
        .isEqualTo(new StructuredPruning.Outcome(Structure.HEADS, 6, 72, 60));
    assertThat(error(TestModels.miniLm(), draft.model(), samples).meanCosine())
        .isBetween(0.97, 0.9999);
  }

  @Test
  void apply_saysSo_whenThereIsNothingToRemove() {
    Path file =
        TestModels.write(folder.resolve("model.onnx"), TestModels.perceptron(new Random(1)));
    Draft draft = Draft.of(file, folder);
    SampleSet samples = samples(file, 4);
    assertThatThrownBy(() -> prune(draft, Structure.CHANNELS, 0.5, samples))
        .isInstanceOf(OptimizerException.class)
        .hasMessage("the model has no channels that can go");
    assertThatThrownBy(() -> prune(draft, Structure.NEURONS, 1, samples))
        .hasMessageContaining("expected: above 0, below 1");
  }

  @Test
  void neurons_stay_whenSomethingElseSeesThem() {
    GraphProto.Builder graph =
        TestModels.perceptron(new Random(1))
            .addOutput(TestModels.value("a", TestModels.FLOAT, -1, 32));
    OnnxModel model = OnnxModel.read(TestModels.write(folder.resolve("model.onnx"), graph));
    assertThat(new RemovableFinder(model.graph()).find(Structure.NEURONS)).isEmpty();
  }

  @Test
  void magnitude_makesTheSmallestWeightsZero() {
    Path file =
        TestModels.write(folder.resolve("model.onnx"), TestModels.perceptron(new Random(1)));
    OnnxModel model = OnnxModel.read(file);
    assertThat(new MagnitudePruning(0.25).apply(model).zeros()).isEqualTo(16 * 32 / 4 + 8 * 32 / 4);
    assertThat(error(file, model, samples(file, 8)).meanCosine()).isBetween(0.9, 0.9999);
  }
}
