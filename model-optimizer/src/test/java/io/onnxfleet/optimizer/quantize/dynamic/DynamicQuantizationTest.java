package io.onnxfleet.optimizer.quantize.dynamic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.TestModels;
import io.onnxfleet.optimizer.compare.OutputError;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.proto.GraphProto;
import io.onnxfleet.optimizer.quantize.QuantizedWeights;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DynamicQuantizationTest {
  @TempDir Path folder;

  @Test
  void products_stayClose_whenTheyBecome8Bit() {
    Path file =
        TestModels.write(folder.resolve("model.onnx"), TestModels.perceptron(new Random(1)));
    OnnxModel model = OnnxModel.read(file);
    DynamicQuantization.Outcome outcome =
        new DynamicQuantization(QuantizationOptions.DEFAULT).apply(model);
    assertThat(outcome.products()).containsExactly("first", "second");
    assertThat(model.graph().nodes()).noneMatch(node -> node.is("MatMul") || node.is("Gemm"));
    assertThat(model.graph().isInitializer("w1")).isFalse();
    Path result = folder.resolve("int8.onnx");
    model.write(result);
    OutputError error = TestModels.error(file, result);
    assertThat(error.meanCosine()).isGreaterThan(0.9995);
    assertThat(error.relativeError()).isBetween(1e-5, 0.03);
  }

  @Test
  void excludedNode_staysAsItIs() {
    OnnxModel model = read(TestModels.perceptron(new Random(1)));
    DynamicQuantization.Outcome outcome =
        new DynamicQuantization(QuantizationOptions.DEFAULT.excluding(Set.of("second")))
            .apply(model);
    assertThat(outcome.products()).containsExactly("first");
    assertThat(model.graph().producer("y").map(Node::name)).contains("second");
  }

  @Test
  void apply_refuses_whenAnExcludedNameIsNoNode() {
    OnnxModel model = read(TestModels.perceptron(new Random(1)));
    assertThatThrownBy(
            () ->
                new DynamicQuantization(QuantizationOptions.DEFAULT.excluding(Set.of("third")))
                    .apply(model))
        .isInstanceOf(OptimizerException.class)
        .hasMessage("excluded 'third' (expected: the name of a node)");
  }

  @Test
  void apply_refuses_whenNothingCanBeQuantized() {
    GraphProto.Builder graph =
        GraphProto.newBuilder()
            .addInput(TestModels.value("x", TestModels.FLOAT, 2))
            .addOutput(TestModels.value("y", TestModels.FLOAT, 2))
            .addNode(TestModels.node("Relu", "relu", List.of("x"), "y"));
    assertThatThrownBy(
            () -> new DynamicQuantization(QuantizationOptions.DEFAULT).apply(read(graph)))
        .isInstanceOf(OptimizerException.class)
        .hasMessageStartingWith("nothing to quantize");
  }

  @Test
  void oldOperators_areCarriedOver_orRefused() {
    GraphProto.Builder old =
        GraphProto.newBuilder()
            .addInput(TestModels.value("x", TestModels.FLOAT, -1, 16))
            .addOutput(TestModels.value("y", TestModels.FLOAT, -1, 32))
            .addInitializer(TestModels.weights("w1", new Random(1), 16, 32))
            .addNode(TestModels.node("MatMul", "first", List.of("x", "w1"), "h"))
            .addNode(TestModels.node("Clip", "clip", List.of("h"), "y"));
    Path file = TestModels.write(folder.resolve("model.onnx"), old, 9);
    OnnxModel model = OnnxModel.read(file);
    new DynamicQuantization(QuantizationOptions.DEFAULT).apply(model);
    assertThat(model.operatorSet()).isEqualTo(13);
    Path result = folder.resolve("int8.onnx");
    model.write(result);
    assertThat(TestModels.error(file, result).relativeError()).isBetween(1e-5, 0.03);
    Path older =
        TestModels.write(folder.resolve("older.onnx"), TestModels.perceptron(new Random(1)), 6);
    assertThatThrownBy(
            () -> new DynamicQuantization(QuantizationOptions.DEFAULT).apply(OnnxModel.read(older)))
        .isInstanceOf(OptimizerException.class)
        .hasMessage("operator set 6 (expected: >= 7)");
  }

  @Test
  void byColumn_isWithinHalfAStep_forAnyWeights() {
    Long seed = Long.getLong("test.seed");
    long used = seed == null ? 42 : seed;
    Random random = new Random(used);
    for (int round = 0; round < 50; round++) {
      int rows = 1 + random.nextInt(20);
      int columns = 1 + random.nextInt(20);
      float[] values = new float[rows * columns];
      float size = (float) Math.pow(10, random.nextInt(12) - 6);
      for (int index = 0; index < values.length; index++) {
        values[index] = random.nextInt(4) == 0 ? 0 : (float) random.nextGaussian() * size;
      }
      QuantizedWeights quantized =
          QuantizedWeights.byColumn("w", Tensor.ofFloats(values, rows, columns));
      float[] scales = quantized.scales().floats();
      for (int index = 0; index < values.length; index++) {
        int stored = quantized.values().data().get(index);
        float scale = scales[index % columns];
        assertThat(stored).as("seed %d", used).isBetween(-64, 64);
        assertThat(Math.abs(stored * scale - values[index]))
            .as("seed %d", used)
            .isLessThanOrEqualTo(scale * 0.501f);
      }
    }
  }

  @Test
  void byRow_refuses_whenAWeightIsNotFinite() {
    Tensor weights = Tensor.ofFloats(new float[] {1, Float.NaN}, 1, 2);
    assertThatThrownBy(() -> QuantizedWeights.byRow("table", weights))
        .isInstanceOf(OptimizerException.class)
        .hasMessage("weight 'table' holds NaN (expected: finite numbers)");
  }

  private OnnxModel read(GraphProto.Builder graph) {
    return OnnxModel.read(TestModels.write(folder.resolve("model.onnx"), graph));
  }
}
