package io.onnxfleet.optimizer.precision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.TestModels;
import io.onnxfleet.optimizer.compare.OutputError;
import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.pass.Draft;
import io.onnxfleet.optimizer.pass.PassContext;
import io.onnxfleet.optimizer.proto.GraphProto;
import io.onnxfleet.optimizer.proto.TensorProto;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.runtime.TensorValue;
import io.onnxfleet.optimizer.sample.SampleSet;
import io.onnxfleet.optimizer.sample.SampleSource;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

class PrecisionConversionTest {
  @TempDir Path folder;

  private PrecisionConversion.Outcome convert(Path file, PrecisionOptions options) {
    SampleSet samples;
    try (RunnableModel original = RunnableModel.open(file, SessionSettings.DEFAULT)) {
      samples = new SampleSource(new Random(3), 5).samplesFor(original, null);
    }
    return new PrecisionConversion(options)
        .apply(
            Draft.of(file, folder), new PassContext(file, folder, () -> samples, (_, _, _) -> {}));
  }

  private Path perceptron() {
    return TestModels.write(folder.resolve("model.onnx"), TestModels.perceptron(new Random(1)));
  }

  private static GraphProto.Builder row(int width) {
    return GraphProto.newBuilder()
        .addInput(TestModels.value("x", TestModels.FLOAT, -1, width))
        .addOutput(TestModels.value("y", TestModels.FLOAT, -1, width));
  }

  private static TensorProto.Builder scalar(String name, float value) {
    return TensorProto.newBuilder().setName(name).setDataType(TestModels.FLOAT).addFloatData(value);
  }

  @Test
  void allNodes_becomeFp16_andInputsAndOutputsToo() {
    PrecisionConversion.Outcome outcome =
        convert(
            perceptron(),
            new PrecisionOptions(Precision.FP16, false, false, Set.of(), Set.of(), 1e-2));
    assertThat(outcome.converted()).isEqualTo(3).isEqualTo(outcome.of());
    assertThat(outcome.error().relativeError()).isBetween(1e-6, 1e-2);
    OnnxModel model = outcome.model();
    assertThat(model.graph().nodes()).noneMatch(node -> node.is("Cast"));
    assertThat(model.graph().inputs().getFirst().getType().getTensorType().getElemType())
        .isEqualTo(ElementType.FLOAT16.code());
    assertThat(model.graph().outputs().getFirst().getType().getTensorType().getElemType())
        .isEqualTo(ElementType.FLOAT16.code());
  }

  @Test
  void inputsAndOutputs_stayFp32_whenTheyAreKept() {
    OnnxModel model = convert(perceptron(), PrecisionOptions.of(Precision.MIXED)).model();
    assertThat(model.graph().nodes().stream().filter(node -> node.is("Cast"))).hasSize(2);
    assertThat(model.graph().outputs().getFirst().getType().getTensorType().getElemType())
        .isEqualTo(ElementType.FLOAT.code());
  }

  @Test
  void blockedNodesAndOperators_stayFp32() {
    PrecisionConversion.Outcome outcome =
        convert(
            perceptron(),
            new PrecisionOptions(
                Precision.FP16, true, false, Set.of("Gemm"), Set.of("bias"), 1e-2));
    assertThat(outcome.converted()).isEqualTo(1);
    assertThat(outcome.model().graph().isInitializer("w2")).isTrue();
    assertThatThrownBy(
            () ->
                convert(
                    perceptron(),
                    new PrecisionOptions(
                        Precision.FP16, true, false, Set.of(), Set.of("third"), 1e-2)))
        .isInstanceOf(OptimizerException.class)
        .hasMessage("blocked 'third' (expected: the name of a node)");
  }

  @Test
  void overflowingNodes_stayFp32() {
    Path file =
        TestModels.write(
            folder.resolve("large.onnx"),
            row(4)
                .addInitializer(scalar("large", 30_000))
                .addNode(TestModels.node("Mul", "up", List.of("x", "large"), "a"))
                .addNode(TestModels.node("Mul", "further", List.of("a", "large"), "b"))
                .addNode(TestModels.node("Tanh", "down", List.of("b"), "c"))
                .addNode(TestModels.node("Neg", "end", List.of("c"), "y")));
    PrecisionConversion.Outcome outcome = convert(file, PrecisionOptions.of(Precision.FP16));
    assertThat(outcome.overflowing()).contains("Mul 'further'", "Tanh 'down'");
    assertThat(outcome.converted()).isPositive();
    assertThat(outcome.error().relativeError()).isLessThan(1e-2);
  }

  @Test
  void inexactNode_staysFp32InMixed_andIsNamedInFp16() {
    // 1024 + x, less 1024: FP16 has no step below 1 there.
    Path file =
        TestModels.write(
            folder.resolve("inexact.onnx"),
            row(4)
                .addInitializer(scalar("much", 2048.25f))
                .addNode(TestModels.node("Exp", "before", List.of("x"), "a"))
                .addNode(TestModels.node("Sub", "subtract", List.of("much", "a"), "b"))
                .addNode(TestModels.node("Sub", "again", List.of("much", "b"), "c"))
                .addNode(TestModels.node("Tanh", "after", List.of("c"), "y")));
    PrecisionConversion.Outcome outcome = convert(file, PrecisionOptions.of(Precision.MIXED));
    assertThat(outcome.inexact()).isNotEmpty();
    assertThat(outcome.error().relativeError()).isLessThan(1e-2);
    assertThatThrownBy(() -> convert(file, PrecisionOptions.of(Precision.FP16)))
        .isInstanceOf(OptimizerException.class)
        .hasMessageContaining("the relative error would exceed")
        .hasMessageContaining("Sub '");
  }

  @Test
  void maskOfVeryLargeNumbers_becomesOneThatFits() {
    Path file =
        TestModels.write(
            folder.resolve("mask.onnx"),
            row(4)
                .addInitializer(
                    TensorProto.newBuilder()
                        .setName("mask")
                        .setDataType(TestModels.FLOAT)
                        .addDims(4)
                        .addFloatData(0)
                        .addFloatData(-Float.MAX_VALUE)
                        .addFloatData(0)
                        .addFloatData(0))
                .addNode(TestModels.node("Add", "masked", List.of("x", "mask"), "a"))
                .addNode(TestModels.node("Softmax", "shares", List.of("a"), "y")));
    PrecisionConversion.Outcome outcome = convert(file, PrecisionOptions.of(Precision.FP16));
    assertThat(outcome.converted()).isEqualTo(2);
    assertThat(outcome.overflowing()).isEmpty();
  }

  @Test
  void weightsOnly_areWidenedWhenTheModelIsLoaded() {
    for (Precision precision : List.of(Precision.BF16, Precision.FP16)) {
      PrecisionConversion.Outcome outcome =
          convert(
              perceptron(), new PrecisionOptions(precision, true, true, Set.of(), Set.of(), 1e-2));
      assertThat(outcome.converted()).isEqualTo(2);
      assertThat(outcome.error().relativeError()).isBetween(1e-6, 1e-2);
      assertThat(outcome.model().graph().isInitializer("w1")).isFalse();
    }
  }

  @Test
  void conversion_isRefused_whenNoNodeComputesInFp16() {
    Path file =
        TestModels.write(
            folder.resolve("whole.onnx"),
            GraphProto.newBuilder()
                .addInput(TestModels.value("x", TestModels.FLOAT, 4))
                .addOutput(TestModels.value("y", 2, 4))
                .addInitializer(scalar("scale", 0.1f))
                .addNode(TestModels.node("QuantizeLinear", "only", List.of("x", "scale"), "y"))
                .addNode(TestModels.node("DequantizeLinear", "back", List.of("y", "scale"), "z"))
                .addOutput(TestModels.value("z", TestModels.FLOAT, 4)));
    assertThatThrownBy(() -> convert(file, PrecisionOptions.of(Precision.MIXED)))
        .isInstanceOf(OptimizerException.class)
        .hasMessageContaining("QuantizeLinear 'only' does not compute in FP16");
  }

  @Test
  void bfloat16_isRoundedToTheNearestEven() {
    assertThat(HalfTensors.toBfloat16(1f)).isEqualTo((short) 0x3f80);
    assertThat(HalfTensors.toBfloat16(Float.intBitsToFloat(0x3f808000))).isEqualTo((short) 0x3f80);
    assertThat(HalfTensors.toBfloat16(Float.intBitsToFloat(0x3f818000))).isEqualTo((short) 0x3f82);
    assertThat(HalfTensors.toBfloat16(Float.intBitsToFloat(0x3f808001))).isEqualTo((short) 0x3f81);
    assertThat(HalfTensors.toBfloat16(Float.NaN) & 0x7fff).isGreaterThan(0x7f80);
  }

  @Test
  @EnabledIfSystemProperty(named = "fleet.shared", matches = ".+")
  void nodesThatCrashTheRuntime_stayFp32InMixed_andAreNamedInFp16() {
    // Its first layer's attention: that is enough to crash, and quickly searched.
    OnnxModel whole =
        OnnxModel.read(
            Path.of(
                System.getProperty("fleet.shared"),
                "cases",
                "36-half-precision-ends-the-process",
                "model.onnx"));
    whole
        .graph()
        .redeclare(
            List.copyOf(whole.graph().inputs()),
            List.of(TestModels.value("input.3", TestModels.FLOAT, -1, -1, -1).build()));
    whole.graph().removeUnused();
    Path file = folder.resolve("attention.onnx");
    whole.write(file);
    SampleSet samples = tokens(3);
    PassContext context = new PassContext(file, folder, () -> samples, (_, _, _) -> {});
    try (RunnableModel original = RunnableModel.open(file, SessionSettings.DEFAULT)) {
      PrecisionConversion.Outcome outcome =
          new PrecisionConversion(PrecisionOptions.of(Precision.MIXED))
              .apply(Draft.of(file, folder), context);
      assertThat(outcome.unfit())
          .anySatisfy(
              unfit ->
                  assertThat(unfit.toString())
                      .contains("Transpose 'Transpose_")
                      .contains("crashes ONNX Runtime")
                      .contains("SIGSEGV in libonnxruntime"));
      assertThat(outcome.converted()).isGreaterThan(outcome.of() * 3 / 4);
      Path result = folder.resolve("result.onnx");
      outcome.model().write(result);
      try (RunnableModel made = RunnableModel.open(result, SessionSettings.DEFAULT)) {
        OutputError error =
            OutputError.between(
                samples,
                OutputError.answers(original, samples, _ -> {}),
                OutputError.answers(made, samples, _ -> {}));
        assertThat(error.relativeError()).isLessThan(1e-2);
      }
      assertThatThrownBy(
              () ->
                  new PrecisionConversion(PrecisionOptions.of(Precision.FP16))
                      .apply(Draft.of(file, folder), context))
          .isInstanceOf(OptimizerException.class)
          .hasMessageContaining("in FP16, Transpose 'Transpose_")
          .hasMessageContaining("crashes ONNX Runtime")
          .hasMessageContaining("MIXED would leave it in FP32");
    }
  }

  private static SampleSet tokens(int count) {
    Random random = new Random(5);
    List<List<TensorValue>> samples = new ArrayList<>();
    for (int sample = 0; sample < count; sample++) {
      int length = 5 + 7 * sample;
      long[] ids = random.longs(length, 1, 900).toArray();
      long[] ones = new long[length];
      Arrays.fill(ones, 1);
      samples.add(
          List.of(
              new TensorValue("input_ids", Tensor.ofLongs(ids, 1, length)),
              new TensorValue("attention_mask", Tensor.ofLongs(ones, 1, length)),
              new TensorValue("token_type_ids", Tensor.ofLongs(new long[length], 1, length))));
    }
    return new SampleSet("random tokens", samples);
  }
}
