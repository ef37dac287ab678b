package io.onnxfleet.optimizer.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.TestModels;
import io.onnxfleet.optimizer.calibrate.Calibration;
import io.onnxfleet.optimizer.calibrate.OpenedModel;
import io.onnxfleet.optimizer.compare.OutputError;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.pass.Draft;
import io.onnxfleet.optimizer.pass.PassContext;
import io.onnxfleet.optimizer.quantize.BlockQuantization.Blocks;
import io.onnxfleet.optimizer.quantize.dynamic.DynamicQuantization;
import io.onnxfleet.optimizer.quantize.dynamic.QuantizationOptions;
import io.onnxfleet.optimizer.sample.SampleSet;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Weights in 4 bits, weights in 8 bits with FP32 products, and scaled weights. */
class WeightQuantizationTest {
  @TempDir Path folder;

  private Path file = Path.of("");

  @BeforeEach
  void writeModel() {
    file = TestModels.write(folder.resolve("model.onnx"), TestModels.perceptron(new Random(1)));
  }

  private OutputError error(OnnxModel model) {
    Path result = folder.resolve("result.onnx");
    model.write(result);
    return TestModels.error(file, result);
  }

  @Test
  void fourBits_stayWithinTheirStep_symmetricAndNot() {
    for (boolean symmetric : new boolean[] {false, true}) {
      OnnxModel model = OnnxModel.read(file);
      assertThat(
              new BlockQuantization(new BlockQuantization.Options(4, 16, symmetric, true, Set.of()))
                  .apply(model)
                  .products())
          .containsExactly("first");
      assertThat(model.graph().producer("h").map(Node::operator)).contains("MatMulNBits");
      assertThat(error(model).relativeError()).isBetween(1e-3, 0.12);
    }
  }

  @Test
  void blocks_pack2NumbersAByte_andPadTheLastBlock() {
    float[] values = new float[18 * 2];
    for (int row = 0; row < 18; row++) {
      values[row * 2] = row - 3;
      values[row * 2 + 1] = 0;
    }
    Blocks blocks =
        Blocks.of(
            "w",
            Tensor.ofFloats(values, 18, 2),
            new BlockQuantization.Options(4, 16, false, true, Set.of()));
    assertThat(blocks.values().dimensions()).containsExactly(2, 2, 8);
    assertThat(blocks.scales().floats()[0]).isEqualTo(1);
    // -3 is step 0 and -2 step 1 from the zero point 3.
    assertThat(blocks.values().data().get(0)).isEqualTo((byte) 0x10);
    assertThat(blocks.zeroPoints().data().get(0) & 0xf).isEqualTo(3);
    // A block of zeros only.
    assertThat(blocks.scales().floats()[2]).isZero();
  }

  @Test
  void blocksOf8Bits_holdANumberAByte_andZeroInTheMiddle() {
    float[] values = new float[16];
    for (int row = 0; row < 16; row++) {
      values[row] = row - 8;
    }
    Tensor matrix = Tensor.ofFloats(values, 16, 1);
    Blocks symmetric =
        Blocks.of("w", matrix, new BlockQuantization.Options(8, 16, true, true, Set.of()));
    assertThat(symmetric.values().dimensions()).containsExactly(1, 1, 16);
    // The larger side, -8, gets 128 steps.
    assertThat(symmetric.scales().floats()).containsExactly(8f / 128);
    assertThat(Byte.toUnsignedInt(symmetric.values().data().get(0))).isZero();
    assertThat(Byte.toUnsignedInt(symmetric.values().data().get(8))).isEqualTo(128);
    Blocks whole =
        Blocks.of("w", matrix, new BlockQuantization.Options(8, 16, false, true, Set.of()));
    assertThat(whole.scales().floats()).containsExactly(15f / 255);
    assertThat(Byte.toUnsignedInt(whole.zeroPoints().data().get(0))).isEqualTo(136);
    assertThat(Byte.toUnsignedInt(whole.values().data().get(15))).isEqualTo(255);
  }

  @Test
  void blocks_areRefused_whenAWeightIsNoNumber() {
    Tensor matrix = Tensor.ofFloats(new float[] {1, Float.NaN}, 2, 1);
    assertThatThrownBy(
            () ->
                Blocks.of("w", matrix, new BlockQuantization.Options(8, 16, true, true, Set.of())))
        .isInstanceOf(OptimizerException.class)
        .hasMessage("weight 'w' holds NaN (expected: finite numbers)");
  }

  @Test
  void fourBits_areRefused_whenTheBlockIsNoPowerOfTwo_orTheNodeUnknown() {
    assertThatThrownBy(() -> new BlockQuantization.Options(4, 24, true, true, Set.of()))
        .isInstanceOf(OptimizerException.class)
        .hasMessage("block size: 24 (expected: a power of two, at least 16)");
    assertThatThrownBy(() -> new BlockQuantization.Options(5, 16, true, true, Set.of()))
        .isInstanceOf(OptimizerException.class)
        .hasMessage("bits: 5 (expected: 4 or 8)");
    assertThatThrownBy(
            () ->
                new BlockQuantization(
                        new BlockQuantization.Options(4, 16, true, true, Set.of("third")))
                    .apply(OnnxModel.read(file)))
        .hasMessage("excluded 'third' (expected: the name of a node)");
  }

  @Test
  void productsOfStoredWeights_areExacter_thanThoseIn8Bits() {
    OnnxModel model = OnnxModel.read(file);
    new DynamicQuantization(QuantizationOptions.DEFAULT.withWeightsOnly(Set.of("first", "second")))
        .apply(model);
    assertThat(model.graph().isInitializer("w1")).isFalse();
    assertThat(model.graph().isInitializer("w2")).isFalse();
    OnnxModel eightBit = OnnxModel.read(file);
    new DynamicQuantization(QuantizationOptions.DEFAULT).apply(eightBit);
    double stored = error(model).relativeError();
    assertThat(stored).isBetween(1e-5, 0.01);
    assertThat(error(eightBit).relativeError()).isGreaterThan(stored);
  }

  @Test
  void smoothing_changesNoOutput_andHelpsWhereOneColumnIsLarge() {
    SampleSet samples = TestModels.samples(file);
    Smoothing smoothing = new Smoothing(0.5f, Smoothing.Of.ALL);
    Set<String> values = smoothing.values(OnnxModel.read(file));
    // The second product's matrix is used transposed, which is left alone.
    assertThat(values).containsExactly("x");
    try (OpenedModel open = OpenedModel.of(file, values, folder.resolve("opened.onnx"))) {
      Map<String, float[]> columns = new Calibration(open, samples, _ -> {}).columns(values);
      assertThat(columns.get("x")).hasSize(16);
    }
    Draft draft = Draft.of(file, folder);
    PassContext context = new PassContext(file, folder, () -> samples, (_, _, _) -> {});
    assertThat(smoothing.apply(draft, context).values()).isEqualTo(1);
    OnnxModel model = draft.model();
    assertThat(error(model).relativeError()).isLessThan(1e-5);
    // It is not a normalization's.
    assertThat(new Smoothing(0.5f, Smoothing.Of.NORMALIZED).values(OnnxModel.read(file))).isEmpty();
  }
}
