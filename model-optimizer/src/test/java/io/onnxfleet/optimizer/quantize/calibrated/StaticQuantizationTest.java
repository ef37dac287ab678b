package io.onnxfleet.optimizer.quantize.calibrated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.TestModels;
import io.onnxfleet.optimizer.calibrate.CalibrationMethod;
import io.onnxfleet.optimizer.calibrate.CalibrationOptions;
import io.onnxfleet.optimizer.compare.OutputError;
import io.onnxfleet.optimizer.graph.Graph;
import io.onnxfleet.optimizer.graph.Node;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.pass.Draft;
import io.onnxfleet.optimizer.pass.PassContext;
import io.onnxfleet.optimizer.proto.AttributeProto;
import io.onnxfleet.optimizer.proto.AttributeProto.AttributeType;
import io.onnxfleet.optimizer.proto.GraphProto;
import io.onnxfleet.optimizer.proto.NodeProto;
import io.onnxfleet.optimizer.quantize.calibrated.StaticOptions.Format;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StaticQuantizationTest {
  @TempDir Path folder;

  private static NodeProto.Builder with(NodeProto.Builder node, String name, long... values) {
    AttributeProto.Builder attribute =
        AttributeProto.newBuilder().setName(name).setType(AttributeType.INTS);
    for (long value : values) {
      attribute.addInts(value);
    }
    return node.addAttribute(attribute);
  }

  /** Two convolutions, a sum over a side path, pools and a classifier, in operator set 9. */
  private Path network() {
    Random random = new Random(4);
    GraphProto.Builder graph =
        GraphProto.newBuilder()
            .addInput(TestModels.value("x", TestModels.FLOAT, -1, 2, 12, 12))
            .addOutput(TestModels.value("y", TestModels.FLOAT, -1, 5))
            .addInitializer(TestModels.weights("w1", random, 8, 2, 3, 3))
            .addInitializer(TestModels.weights("b1", random, 8))
            .addInitializer(TestModels.weights("w2", random, 8, 8, 3, 3))
            .addInitializer(TestModels.weights("w3", random, 16, 5))
            .addInitializer(TestModels.weights("b3", random, 5))
            .addNode(
                with(
                    TestModels.node("Conv", "c1", List.of("x", "w1", "b1"), "h1"),
                    "pads",
                    1,
                    1,
                    1,
                    1))
            .addNode(TestModels.node("Relu", "r1", List.of("h1"), "a1"))
            .addNode(
                with(
                    with(
                        TestModels.node("MaxPool", "p1", List.of("a1"), "m1"),
                        "kernel_shape",
                        2,
                        2),
                    "strides",
                    2,
                    2))
            .addNode(
                with(TestModels.node("Conv", "c2", List.of("m1", "w2"), "h2"), "pads", 1, 1, 1, 1))
            .addNode(TestModels.node("Add", "sum", List.of("m1", "h2"), "s"))
            .addNode(TestModels.node("Clip", "clip", List.of("s"), "k"))
            .addNode(
                TestModels.node("Concat", "join", List.of("m1", "k"), "j")
                    .addAttribute(
                        AttributeProto.newBuilder()
                            .setName("axis")
                            .setType(AttributeType.INT)
                            .setI(1)))
            .addNode(TestModels.node("GlobalAveragePool", "pool", List.of("j"), "g"))
            .addNode(TestModels.node("Flatten", "flat", List.of("g"), "f"))
            .addNode(TestModels.node("Gemm", "classes", List.of("f", "w3", "b3"), "y"));
    graph
        .getNodeBuilder(5)
        .addAttribute(
            AttributeProto.newBuilder().setName("min").setType(AttributeType.FLOAT).setF(0))
        .addAttribute(
            AttributeProto.newBuilder().setName("max").setType(AttributeType.FLOAT).setF(60));
    return TestModels.write(folder.resolve("model.onnx"), graph, 9);
  }

  private OnnxModel quantize(Path file, StaticOptions options, CalibrationMethod method) {
    Draft draft = Draft.of(file, folder);
    new StaticQuantization(options, new CalibrationOptions(method, 0.9999))
        .apply(
            draft, new PassContext(file, folder, () -> TestModels.samples(file), (_, _, _) -> {}));
    return draft.model();
  }

  private OutputError error(Path original, OnnxModel model) {
    Path result = folder.resolve("int8.onnx");
    model.write(result);
    return TestModels.error(original, result);
  }

  @ParameterizedTest
  @CsvSource({
    "QDQ,false,MIN_MAX", "QDQ,true,MIN_MAX", "QDQ,false,PERCENTILE",
    "QOPERATOR,false,MIN_MAX", "QOPERATOR,true,PERCENTILE", "QOPERATOR,false,PERCENTILE"
  })
  void network_staysClose_whenItBecomes8Bit(
      Format format, boolean symmetric, CalibrationMethod method) {
    Path file = network();
    OnnxModel model =
        quantize(file, new StaticOptions(format, symmetric, Set.of(), Set.of()), method);
    OutputError error = error(file, model);
    assertThat(error.relativeError()).isBetween(1e-5, 0.05);
    assertThat(error.topAgreement().orElseThrow()).isGreaterThanOrEqualTo(0.9);
  }

  @Test
  void entropy_cutsRanges_butTheModelStillRuns() {
    Path file = network();
    OutputError error =
        error(file, quantize(file, StaticOptions.DEFAULT, CalibrationMethod.ENTROPY));
    assertThat(error.meanCosine()).isGreaterThan(0.9);
  }

  @Test
  void weights_mayLieInASecondFile() throws IOException {
    Path file = network();
    Path beside = Files.createDirectories(folder.resolve("beside")).resolve("model.onnx");
    OnnxModel.read(file).writeWithExternalData(beside);
    OnnxModel model = quantize(beside, StaticOptions.DEFAULT, CalibrationMethod.MIN_MAX);
    assertThat(error(file, model).relativeError()).isLessThan(0.05);
  }

  @Test
  void bothFormats_computeTheSame() {
    Path file = network();
    OutputError pairs =
        error(file, quantize(file, StaticOptions.DEFAULT, CalibrationMethod.MIN_MAX));
    StaticOptions operators = new StaticOptions(Format.QOPERATOR, false, Set.of(), Set.of());
    OutputError eightBit = error(file, quantize(file, operators, CalibrationMethod.MIN_MAX));
    assertThat(eightBit.relativeError())
        .isCloseTo(pairs.relativeError(), org.assertj.core.data.Offset.offset(5e-3));
  }

  @Test
  void operators_are8Bit_andActivationsGo() {
    Graph graph =
        quantize(
                network(),
                new StaticOptions(Format.QOPERATOR, false, Set.of(), Set.of()),
                CalibrationMethod.MIN_MAX)
            .graph();
    assertThat(graph.nodes().stream().map(Node::operator))
        .containsExactlyInAnyOrder(
            "QuantizeLinear",
            "QLinearConv",
            "MaxPool",
            "QLinearConv",
            "QLinearAdd",
            "QLinearConcat",
            "QLinearGlobalAveragePool",
            "Flatten",
            "QGemm",
            "DequantizeLinear");
  }

  @Test
  void excludedAndUnchosenNodes_stayAsTheyAre() {
    Path file = network();
    OnnxModel model =
        quantize(
            file,
            new StaticOptions(Format.QDQ, false, Set.of("Conv"), Set.of("c1")),
            CalibrationMethod.MIN_MAX);
    assertThat(model.graph().nodes().stream().filter(node -> node.is("QuantizeLinear"))).hasSize(2);
    assertThat(model.graph().isInitializer("w1")).isTrue();
    assertThat(model.graph().isInitializer("w3")).isTrue();
    assertThat(error(file, model).relativeError()).isLessThan(0.05);
  }

  @Test
  void calibrate_refuses_whenAnOperatorIsUnknown_orNothingIsLeft() {
    Path file = network();
    assertThatThrownBy(
            () ->
                quantize(
                    file,
                    new StaticOptions(Format.QDQ, false, Set.of("Relu"), Set.of()),
                    CalibrationMethod.MIN_MAX))
        .isInstanceOf(OptimizerException.class)
        .hasMessageStartingWith("operator 'Relu' (expected one of");
    assertThatThrownBy(
            () ->
                quantize(
                    file,
                    new StaticOptions(Format.QDQ, false, Set.of("Add"), Set.of()),
                    CalibrationMethod.MIN_MAX))
        .isInstanceOf(OptimizerException.class)
        .hasMessageStartingWith("nothing to quantize");
  }

  @Test
  void calibrate_refuses_whenAValueIsNoNumber() {
    Path file =
        TestModels.write(
            folder.resolve("nan.onnx"),
            GraphProto.newBuilder()
                .addInput(TestModels.value("x", TestModels.FLOAT, -1, 4))
                .addOutput(TestModels.value("y", TestModels.FLOAT, -1, 4))
                .addInitializer(TestModels.weights("w", new Random(1), 4, 4))
                .addNode(TestModels.node("Sqrt", "root", List.of("x"), "r"))
                .addNode(TestModels.node("MatMul", "product", List.of("r", "w"), "y")));
    assertThatThrownBy(() -> quantize(file, StaticOptions.DEFAULT, CalibrationMethod.MIN_MAX))
        .isInstanceOf(OptimizerException.class)
        .hasMessageContaining("value 'r' holds NaN");
  }
}
