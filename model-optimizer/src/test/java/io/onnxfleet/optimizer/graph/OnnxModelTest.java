package io.onnxfleet.optimizer.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.TestModels;
import io.onnxfleet.optimizer.proto.AttributeProto;
import io.onnxfleet.optimizer.proto.AttributeProto.AttributeType;
import io.onnxfleet.optimizer.proto.GraphProto;
import io.onnxfleet.optimizer.proto.ModelProto;
import io.onnxfleet.optimizer.proto.StringStringEntryProto;
import io.onnxfleet.optimizer.proto.TensorProto;
import io.onnxfleet.optimizer.proto.TensorProto.DataLocation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OnnxModelTest {
  @TempDir Path folder;

  @Test
  void write_keepsAllThatWasRead() throws IOException {
    Path copy = folder.resolve("copy.onnx");
    Path second = folder.resolve("second.onnx");
    OnnxModel.read(TestModels.miniLm()).write(copy);
    OnnxModel.read(copy).write(second);
    ModelProto original = ModelProto.parseFrom(Files.readAllBytes(TestModels.miniLm()));
    ModelProto written = ModelProto.parseFrom(Files.readAllBytes(copy));
    assertThat(Set.copyOf(written.getGraph().getNodeList()))
        .isEqualTo(Set.copyOf(original.getGraph().getNodeList()));
    assertThat(written.getGraph().getInitializerList())
        .isEqualTo(original.getGraph().getInitializerList());
    assertThat(written.getGraph().getInputList()).isEqualTo(original.getGraph().getInputList());
    assertThat(written.getOpsetImportList()).isEqualTo(original.getOpsetImportList());
    assertThat(Files.mismatch(copy, second)).isEqualTo(-1);
  }

  @Test
  void externalData_isReadBackUnchanged() throws IOException {
    Path inside =
        TestModels.write(folder.resolve("inside.onnx"), TestModels.perceptron(new Random(1)));
    Path outside = folder.resolve("outside.onnx");
    Path back = folder.resolve("back.onnx");
    OnnxModel model = OnnxModel.read(inside);
    Tensor large = Tensor.ofFloats(new float[] {1, 2, 3, 4}, 4);
    model.graph().addConstant("unused", large);
    model.writeWithExternalData(outside);
    ModelProto written = ModelProto.parseFrom(Files.readAllBytes(outside));
    assertThat(written.getGraph().getInitializerList())
        .allSatisfy(tensor -> assertThat(tensor.getRawData().size()).isLessThan(1024));
    OnnxModel.read(outside).write(back);
    assertThat(OnnxModel.read(back).graph().constant("w1").orElseThrow().floats())
        .isEqualTo(OnnxModel.read(inside).graph().constant("w1").orElseThrow().floats());
  }

  @Test
  void largeConstants_lieOutside_whenAsked() throws IOException {
    Path inside =
        TestModels.write(folder.resolve("inside.onnx"), TestModels.perceptron(new Random(1)));
    Path outside = folder.resolve("outside.onnx");
    float[] values = new float[4096];
    new Random(2).doubles(values.length).forEach(value -> values[0] += (float) value);
    OnnxModel model = OnnxModel.read(inside);
    model.graph().addConstant("large", Tensor.ofFloats(values, 64, 64));
    model.writeWithExternalData(outside);
    assertThat(Files.size(folder.resolve("outside.onnx.data"))).isEqualTo(4L * values.length);
    assertThat(OnnxModel.read(outside).graph().constant("large").orElseThrow().floats())
        .isEqualTo(values);
  }

  /** As processes of several containers do, which have one id. */
  @Test
  void write_leavesAWholeModel_whenSeveralWriteOneFile() throws Exception {
    Path target = folder.resolve("target.onnx");
    List<byte[]> whole = new ArrayList<>();
    List<OnnxModel> models = new ArrayList<>();
    for (int seed = 0; seed < 4; seed++) {
      Path file =
          TestModels.write(folder.resolve(seed + ".onnx"), TestModels.perceptron(new Random(seed)));
      OnnxModel model = OnnxModel.read(file);
      model.write(file);
      models.add(model);
      whole.add(Files.readAllBytes(file));
    }
    try (ExecutorService writers = Executors.newFixedThreadPool(models.size())) {
      for (int round = 0; round < 50; round++) {
        List<Future<?>> written = new ArrayList<>();
        for (OnnxModel model : models) {
          written.add(writers.submit(() -> model.write(target)));
        }
        for (Future<?> one : written) {
          one.get();
        }
        byte[] last = Files.readAllBytes(target);
        assertThat(whole).anyMatch(model -> Arrays.equals(model, last));
      }
    }
  }

  @Test
  void read_refuses_whenWeightsLieElsewhere() {
    for (String location : List.of("../secret", "/etc/passwd", "missing.bin", "")) {
      GraphProto.Builder graph = TestModels.perceptron(new Random(1));
      graph.setInitializer(
          0,
          TensorProto.newBuilder()
              .setName("w1")
              .setDataType(TestModels.FLOAT)
              .addDims(16)
              .addDims(32)
              .setDataLocation(DataLocation.EXTERNAL)
              .addExternalData(
                  StringStringEntryProto.newBuilder().setKey("location").setValue(location)));
      Path file = TestModels.write(folder.resolve("model.onnx"), graph);
      assertThatThrownBy(() -> OnnxModel.read(file))
          .isInstanceOf(OptimizerException.class)
          .hasMessageContaining("'w1'")
          .hasMessageContaining("'" + location + "'");
    }
  }

  @Test
  void read_refuses_whenTheFileIsNoModel() throws IOException {
    Path text = Files.writeString(folder.resolve("text.onnx"), "this is not a model");
    Path empty = Files.createFile(folder.resolve("empty.onnx"));
    Path cut = folder.resolve("cut.onnx");
    byte[] whole =
        Files.readAllBytes(
            TestModels.write(folder.resolve("whole.onnx"), TestModels.perceptron(new Random(1))));
    Files.write(cut, java.util.Arrays.copyOf(whole, whole.length / 2));
    for (Path file : List.of(text, empty, cut)) {
      assertThatThrownBy(() -> OnnxModel.read(file))
          .isInstanceOf(OptimizerException.class)
          .hasMessageContaining("not an ONNX model");
    }
    assertThatThrownBy(() -> OnnxModel.read(folder.resolve("none.onnx")))
        .isInstanceOf(OptimizerException.class)
        .hasMessageContaining("no such file");
  }

  @Test
  void write_leavesNothing_whenTheGraphIsNotWhole() throws IOException {
    Path file =
        TestModels.write(folder.resolve("model.onnx"), TestModels.perceptron(new Random(1)));
    OnnxModel model = OnnxModel.read(file);
    model.graph().remove(model.graph().producer("h").orElseThrow());
    assertThatThrownBy(() -> model.write(folder.resolve("result.onnx")))
        .isInstanceOf(OptimizerException.class)
        .hasMessageContaining("'h', which nothing defines");
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).containsExactly(file);
    }
  }

  @Test
  void sort_putsNodesAfterWhatTheyUse_andNamesACircle() {
    GraphProto.Builder graph =
        GraphProto.newBuilder()
            .addInput(TestModels.value("x", TestModels.FLOAT, 2))
            .addOutput(TestModels.value("y", TestModels.FLOAT, 2))
            .addNode(TestModels.node("Relu", "last", List.of("b"), "y"))
            .addNode(TestModels.node("Relu", "middle", List.of("a"), "b"))
            .addNode(TestModels.node("Relu", "first", List.of("x"), "a"));
    OnnxModel model = OnnxModel.read(TestModels.write(folder.resolve("model.onnx"), graph));
    assertThat(model.graph().sort())
        .extracting(Node::name)
        .containsExactly("first", "middle", "last");

    model.graph().remove(model.graph().producer("a").orElseThrow());
    model.graph().add(Node.of("Relu", "back").inputs("b").outputs("a").build());
    assertThatThrownBy(() -> model.graph().sort())
        .isInstanceOf(OptimizerException.class)
        .hasMessageContaining("circle");
  }

  @Test
  void removeUnused_keepsWhatOnlyASubgraphUses() {
    GraphProto.Builder branch =
        GraphProto.newBuilder()
            .setName("branch")
            .addOutput(TestModels.value("r", TestModels.FLOAT, 2))
            .addNode(TestModels.node("Relu", "inner", List.of("captured"), "r"));
    GraphProto.Builder graph =
        GraphProto.newBuilder()
            .addInput(TestModels.value("x", TestModels.FLOAT, 2))
            .addInput(TestModels.value("c", 9))
            .addOutput(TestModels.value("y", TestModels.FLOAT, 2))
            .addInitializer(TestModels.weights("idle", new Random(1), 4))
            .addNode(TestModels.node("Neg", "kept", List.of("x"), "captured"))
            .addNode(TestModels.node("Neg", "dropped", List.of("x"), "nobody"))
            .addNode(
                TestModels.node("If", "if", List.of("c"), "y")
                    .addAttribute(graphAttribute("then_branch", branch))
                    .addAttribute(graphAttribute("else_branch", branch)));
    OnnxModel model = OnnxModel.read(TestModels.write(folder.resolve("model.onnx"), graph));
    assertThat(model.graph().onlyConsumer("captured")).isEmpty();
    assertThat(model.graph().removeUnused()).isEqualTo(2);
    assertThat(model.graph().nodes()).extracting(Node::name).containsExactly("kept", "if");
    assertThat(model.graph().isInitializer("idle")).isFalse();
  }

  private static AttributeProto.Builder graphAttribute(String name, GraphProto.Builder graph) {
    return AttributeProto.newBuilder().setName(name).setType(AttributeType.GRAPH).setG(graph);
  }
}
