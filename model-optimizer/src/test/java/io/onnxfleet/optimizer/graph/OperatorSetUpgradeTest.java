package io.onnxfleet.optimizer.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.optimizer.TestModels;
import io.onnxfleet.optimizer.proto.AttributeProto;
import io.onnxfleet.optimizer.proto.AttributeProto.AttributeType;
import io.onnxfleet.optimizer.proto.GraphProto;
import io.onnxfleet.optimizer.proto.NodeProto;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OperatorSetUpgradeTest {
  @TempDir Path folder;

  private static AttributeProto.Builder longs(String name, long... values) {
    AttributeProto.Builder attribute =
        AttributeProto.newBuilder().setName(name).setType(AttributeType.INTS);
    for (long value : values) {
      attribute.addInts(value);
    }
    return attribute;
  }

  private static AttributeProto.Builder number(String name, float value) {
    return AttributeProto.newBuilder().setName(name).setType(AttributeType.FLOAT).setF(value);
  }

  private static NodeProto.Builder node(String operator, String from, String to) {
    return TestModels.node(operator, operator, List.of(from), to);
  }

  /** What of operator set 7 is written otherwise in 13. */
  private static GraphProto.Builder old() {
    return GraphProto.newBuilder()
        .addInput(TestModels.value("x", TestModels.FLOAT, 2, 4))
        .addOutput(TestModels.value("y", TestModels.FLOAT, 2, 3))
        .addNode(node("Pad", "x", "a").addAttribute(longs("pads", 0, 1, 0, 1)))
        .addNode(
            node("Slice", "a", "b")
                .addAttribute(longs("starts", 1))
                .addAttribute(longs("ends", 4))
                .addAttribute(longs("axes", 1)))
        .addNode(
            node("Clip", "b", "c").addAttribute(number("min", -1)).addAttribute(number("max", 1)))
        .addNode(node("Unsqueeze", "c", "d").addAttribute(longs("axes", 0)))
        .addNode(node("Squeeze", "d", "e").addAttribute(longs("axes", 0)))
        .addNode(node("Dropout", "e", "f").addAttribute(number("ratio", 0.5f)))
        .addNode(node("Softmax", "f", "y"));
  }

  @Test
  void model_computesTheSame_whenItIsCarriedOver() {
    Path file = TestModels.write(folder.resolve("old.onnx"), old(), 7);
    OnnxModel model = OnnxModel.read(file);
    OperatorSetUpgrade.apply(model);
    assertThat(model.operatorSet()).isEqualTo(13);
    Path result = folder.resolve("new.onnx");
    model.write(result);
    assertThat(TestModels.error(file, result).relativeError()).isZero();
  }

  @Test
  void softmax_computesTheSame_overWhicheverAxes() {
    for (String operator : List.of("Softmax", "LogSoftmax", "Hardmax")) {
      for (int axis : new int[] {0, 1, 2, -1}) {
        for (boolean declared : new boolean[] {true, false}) {
          GraphProto.Builder graph =
              GraphProto.newBuilder()
                  .addInput(TestModels.value("x", TestModels.FLOAT, 2, 3, 4))
                  .addOutput(TestModels.value("y", TestModels.FLOAT, 2, 3, 4))
                  .addNode(node("Neg", "x", "a"))
                  .addNode(
                      node(operator, "a", "b")
                          .addAttribute(
                              AttributeProto.newBuilder()
                                  .setName("axis")
                                  .setType(AttributeType.INT)
                                  .setI(axis)))
                  .addNode(node("Abs", "b", "y"));
          if (declared) {
            graph.addValueInfo(TestModels.value("b", TestModels.FLOAT, 2, 3, 4));
          }
          Path file = TestModels.write(folder.resolve("old.onnx"), graph, 11);
          OnnxModel model = OnnxModel.read(file);
          OperatorSetUpgrade.apply(model);
          Path result = folder.resolve("new.onnx");
          model.write(result);
          assertThat(TestModels.error(file, result).relativeError())
              .as("%s over %d", operator, axis)
              .isLessThan(1e-6);
        }
      }
    }
  }

  @Test
  void operator_isNamed_whenItCannotBeCarriedOver() {
    GraphProto.Builder unknown = old();
    unknown.getNodeBuilder(0).setOpType("Upsample");
    assertThatThrownBy(() -> apply(unknown, 9)).hasMessageStartingWith("Upsample 'Pad'");
    assertThatThrownBy(() -> apply(old(), 6)).hasMessage("operator set 6 (expected: >= 7)");
  }

  private void apply(GraphProto.Builder graph, long operatorSet) {
    OperatorSetUpgrade.apply(
        OnnxModel.read(TestModels.write(folder.resolve("model.onnx"), graph, operatorSet)));
  }
}
