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
import io.onnxfleet.optimizer.quantize.FourBitQuantization.Blocks;
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
              new FourBitQuantization(
                      new FourBitQuantization.Options(16, symmetric, true, Set.of()))
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
            new FourBitQuantization.Options(16, false, true, Set.of()));
    assertThat(blocks.values().dimensions()).containsExactly(2, 2, 8);
    assertThat(blocks.scales().floats()[0]).isEqualTo(1);
    // -3 is step 0 and -2 step 1 from the zero point 3.
    assertThat(blocks.values().data().get(0)).isEqualTo((byte) 0x10);
    assertThat(blocks.zeroPoints().data().get(0) & 0xf).isEqualTo(3);
    // A block of zeros only.
    assertThat(blocks.scales().floats()[2]).isZero();
  }

  @Test
  void fourBits_areRefused_whenTheBlockIsNoPowerOfTwo_orTheNodeUnknown() {
    assertThatThrownBy(() -> new FourBitQuantization.Options(24, true, true, Set.of()))
        .isInstanceOf(OptimizerException.class)
        .hasMessage("block size: 24 (expected: a power of two, at least 16)");
    assertThatThrownBy(
            () ->
                new FourBitQuantization(
                        new FourBitQuantization.Options(16, true, true, Set.of("third")))
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
    Set<String> values = Smoothing.values(OnnxModel.read(file));
    // The second product's matrix is used transposed, which is left alone.
    assertThat(values).containsExactly("x");
    try (OpenedModel open = OpenedModel.of(file, values, folder.resolve("opened.onnx"))) {
      Map<String, float[]> columns = new Calibration(open, samples, _ -> {}).columns(values);
      assertThat(columns.get("x")).hasSize(16);
    }
    Draft draft = Draft.of(file, folder);
    PassContext context = new PassContext(file, folder, () -> samples, (_, _, _) -> {});
    assertThat(new Smoothing(0.5f).apply(draft, context).values()).isEqualTo(1);
    OnnxModel model = draft.model();
    assertThat(error(model).relativeError()).isLessThan(1e-5);
  }
}
