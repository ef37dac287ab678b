package io.onnxfleet.optimizer.distil;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.TestModels;
import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.pass.Draft;
import io.onnxfleet.optimizer.pass.PassContext;
import io.onnxfleet.optimizer.proto.AttributeProto;
import io.onnxfleet.optimizer.proto.AttributeProto.AttributeType;
import io.onnxfleet.optimizer.proto.GraphProto;
import io.onnxfleet.optimizer.proto.ModelProto;
import io.onnxfleet.optimizer.proto.NodeProto;
import io.onnxfleet.optimizer.proto.OperatorSetIdProto;
import io.onnxfleet.optimizer.proto.TensorProto;
import io.onnxfleet.optimizer.proto.TypeProto;
import io.onnxfleet.optimizer.proto.ValueInfoProto;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.runtime.TensorValue;
import io.onnxfleet.optimizer.sample.SampleSet;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Students of small teachers that are put together here: what they take, and what they give. */
class TabularDistillationTest {
  private static final int FEATURES = 4;
  private static final int CLASSES = 3;
  private static final int TEXT = 8;

  @TempDir Path folder;

  // Teachers: linear scores, and what is made of them.

  private static GraphProto.Builder scores(GraphProto.Builder graph) {
    TensorProto.Builder weights =
        TensorProto.newBuilder()
            .setName("w")
            .setDataType(TestModels.FLOAT)
            .addDims(FEATURES)
            .addDims(CLASSES);
    Random random = new Random(6);
    for (int index = 0; index < FEATURES * CLASSES; index++) {
      weights.addFloatData((float) random.nextGaussian());
    }
    return graph
        .addInitializer(weights)
        .addNode(TestModels.node("MatMul", "linear", List.of("row", "w"), "raw"))
        .addNode(
            TestModels.node("Softmax", "soft", List.of("raw"), "scores")
                .addAttribute(integer("axis", 1)));
  }

  private static GraphProto.Builder ofOneInput() {
    return scores(
        GraphProto.newBuilder().addInput(TestModels.value("row", TestModels.FLOAT, -1, FEATURES)));
  }

  private static NodeProto.Builder place() {
    return TestModels.node("ArgMax", "place", List.of("raw"), "place")
        .addAttribute(integer("axis", 1))
        .addAttribute(integer("keepdims", 0));
  }

  /** The class as a number: 10, 20 or 30. */
  private static GraphProto.Builder labelled(GraphProto.Builder graph) {
    return graph
        .addNode(place())
        .addInitializer(
            TensorProto.newBuilder()
                .setName("classes")
                .setDataType(TestModels.INT64)
                .addDims(CLASSES)
                .addInt64Data(10)
                .addInt64Data(20)
                .addInt64Data(30))
        .addNode(TestModels.node("Gather", "name", List.of("classes", "place"), "label"))
        .addOutput(TestModels.value("label", TestModels.INT64, -1));
  }

  private static AttributeProto.Builder integer(String name, long value) {
    return AttributeProto.newBuilder().setName(name).setType(AttributeType.INT).setI(value);
  }

  private static AttributeProto.Builder numbers(String name, long... values) {
    AttributeProto.Builder attribute =
        AttributeProto.newBuilder().setName(name).setType(AttributeType.INTS);
    for (long value : values) {
      attribute.addInts(value);
    }
    return attribute;
  }

  private static AttributeProto.Builder texts(String name, String... values) {
    AttributeProto.Builder attribute =
        AttributeProto.newBuilder().setName(name).setType(AttributeType.STRINGS);
    for (String value : values) {
      attribute.addStrings(ByteString.copyFromUtf8(value));
    }
    return attribute;
  }

  private static NodeProto.Builder learning(NodeProto.Builder node) {
    return node.setDomain("ai.onnx.ml");
  }

  /** A list of maps of class to score, as scikit-learn's exporter makes it. */
  private static ValueInfoProto.Builder maps(String name, int key) {
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(
            TypeProto.newBuilder()
                .setSequenceType(
                    TypeProto.Sequence.newBuilder()
                        .setElemType(
                            TypeProto.newBuilder()
                                .setMapType(
                                    TypeProto.Map.newBuilder()
                                        .setKeyType(key)
                                        .setValueType(
                                            TypeProto.newBuilder()
                                                .setTensorType(
                                                    TypeProto.Tensor.newBuilder()
                                                        .setElemType(TestModels.FLOAT)))))));
  }

  private Path write(GraphProto.Builder graph) {
    Path file = folder.resolve("teacher-model.onnx");
    ModelProto model =
        ModelProto.newBuilder()
            .setIrVersion(7)
            .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(13))
            .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("ai.onnx.ml").setVersion(2))
            .setGraph(graph.setName("teacher"))
            .build();
    try {
      return Files.write(file, model.toByteArray());
    } catch (IOException failure) {
      throw new java.io.UncheckedIOException(failure);
    }
  }

  private static SampleSet rows(int count) {
    Random random = new Random(8);
    List<List<TensorValue>> samples = new ArrayList<>();
    for (int row = 0; row < count; row++) {
      float[] values = new float[FEATURES];
      for (int column = 0; column < FEATURES; column++) {
        values[column] = (float) random.nextGaussian();
      }
      samples.add(List.of(new TensorValue("row", Tensor.ofFloats(values, 1, FEATURES))));
    }
    return new SampleSet("rows", samples);
  }

  private TabularDistillation.Outcome distil(Path teacher, SampleSet samples, Path student) {
    Draft draft = Draft.of(teacher, folder);
    TabularDistillation.Outcome outcome =
        new TabularDistillation(300, 5)
            .apply(draft, new PassContext(teacher, folder, () -> samples, (_, _, _) -> {}));
    draft.model().write(student);
    return outcome;
  }

  private static List<Tensor> answers(Path file, List<TensorValue> row, String... outputs) {
    try (RunnableModel model = RunnableModel.open(file, SessionSettings.DEFAULT)) {
      List<TensorValue> all = model.run(row);
      return List.of(outputs).stream()
          .map(
              name ->
                  all.stream()
                      .filter(value -> value.name().equals(name))
                      .findFirst()
                      .orElseThrow()
                      .tensor())
          .toList();
    }
  }

  /** The share of rows of which both name the same class. */
  private static double sameLabels(Path teacher, Path student) {
    SampleSet judging = rows(60);
    int same = 0;
    for (List<TensorValue> row : judging.samples()) {
      same +=
          answers(teacher, row, "label").getFirst().longs()[0]
                  == answers(student, row, "label").getFirst().longs()[0]
              ? 1
              : 0;
    }
    return (double) same / judging.size();
  }

  @Test
  void labelsAlone_areLearned_withTheTeachersNumbers() {
    Path teacher = write(labelled(ofOneInput()));
    Path student = folder.resolve("student-model.onnx");
    assertThat(distil(teacher, rows(300), student).agreement()).isGreaterThan(0.85);
    assertThat(sameLabels(teacher, student)).isGreaterThan(0.85);
  }

  @Test
  void labelsAndScores_areLearned_asTheTeacherNamesThem() {
    Path teacher =
        write(
            labelled(ofOneInput())
                .addOutput(TestModels.value("scores", TestModels.FLOAT, -1, CLASSES)));
    Path student = folder.resolve("student-model.onnx");
    assertThat(distil(teacher, rows(300), student).agreement()).isGreaterThan(0.85);
    assertThat(sameLabels(teacher, student)).isGreaterThan(0.85);
    List<TensorValue> row = rows(1).samples().getFirst();
    float[] expected = answers(teacher, row, "scores").getFirst().floats();
    float[] given = answers(student, row, "scores").getFirst().floats();
    for (int place = 0; place < CLASSES; place++) {
      assertThat(given[place]).isBetween(expected[place] - 0.25f, expected[place] + 0.25f);
    }
  }

  @Test
  void mapsOfNumberedClasses_becomeScores() {
    Path teacher =
        write(
            labelled(ofOneInput())
                .addNode(
                    learning(TestModels.node("ZipMap", "zip", List.of("scores"), "zipped"))
                        .addAttribute(numbers("classlabels_int64s", 10, 20, 30)))
                .addOutput(maps("zipped", TestModels.INT64)));
    Path student = folder.resolve("student-model.onnx");
    distil(teacher, rows(300), student);
    assertThat(sameLabels(teacher, student)).isGreaterThan(0.85);
    assertThat(answers(student, rows(1).samples().getFirst(), "zipped").getFirst().dimensions())
        .containsExactly(1, CLASSES);
  }

  @Test
  void namesOfClasses_areKept() {
    GraphProto.Builder graph =
        ofOneInput()
            .addNode(place())
            .addNode(
                learning(TestModels.node("LabelEncoder", "names", List.of("place"), "label"))
                    .addAttribute(numbers("keys_int64s", 0, 1, 2))
                    .addAttribute(texts("values_strings", "red", "green", "blue")))
            .addNode(
                learning(TestModels.node("ZipMap", "zip", List.of("scores"), "zipped"))
                    .addAttribute(texts("classlabels_strings", "red", "green", "blue")))
            .addOutput(TestModels.value("label", TEXT, -1))
            .addOutput(maps("zipped", TEXT));
    Path teacher = write(graph);
    Path student = folder.resolve("student-model.onnx");
    distil(teacher, rows(300), student);
    // Texts are told apart by their hash here.
    assertThat(sameLabels(teacher, student)).isGreaterThan(0.85);
  }

  @Test
  void columnsOfSeveralInputs_areTakenByTheirTypes() {
    GraphProto.Builder graph =
        GraphProto.newBuilder()
            .addInput(TestModels.value("a", ElementType.DOUBLE.code(), -1, 1))
            .addInput(TestModels.value("b", TestModels.INT64, -1))
            .addInput(TestModels.value("c", ElementType.INT32.code(), -1, 1))
            .addInput(TestModels.value("d", TestModels.FLOAT, -1, 1))
            .addInitializer(
                TensorProto.newBuilder()
                    .setName("column")
                    .setDataType(TestModels.INT64)
                    .addDims(2)
                    .addInt64Data(-1)
                    .addInt64Data(1));
    for (String input : List.of("a", "b", "c", "d")) {
      graph
          .addNode(
              TestModels.node("Cast", input + "_float", List.of(input), input + "_float")
                  .addAttribute(integer("to", 1)))
          .addNode(
              TestModels.node(
                  "Reshape", input + "_column", List.of(input + "_float", "column"), input + "_c"));
    }
    graph.addNode(
        TestModels.node("Concat", "join", List.of("a_c", "b_c", "c_c", "d_c"), "row")
            .addAttribute(integer("axis", 1)));
    Path teacher = write(labelled(scores(graph)));
    Random random = new Random(2);
    List<List<TensorValue>> samples = new ArrayList<>();
    for (int row = 0; row < 120; row++) {
      ByteBuffer real = Tensor.allocate(8).putDouble(random.nextGaussian()).flip();
      ByteBuffer small = Tensor.allocate(4).putInt(random.nextInt(-2, 3)).flip();
      samples.add(
          List.of(
              new TensorValue("a", Tensor.of(ElementType.DOUBLE, real, 1, 1)),
              new TensorValue("b", Tensor.ofLongs(new long[] {random.nextInt(-2, 3)}, 1)),
              new TensorValue("c", Tensor.of(ElementType.INT32, small, 1, 1)),
              new TensorValue(
                  "d", Tensor.ofFloats(new float[] {(float) random.nextGaussian()}, 1, 1))));
    }
    Path student = folder.resolve("student-model.onnx");
    assertThat(distil(teacher, new SampleSet("columns", samples), student).agreement())
        .isGreaterThan(0.8);
    assertThat(OnnxModel.read(student).graph().requiredInputs())
        .extracting(ValueInfoProto::getName)
        .containsExactly("a", "b", "c", "d");
  }

  @Test
  void teacherOfOneRow_isAskedRowByRow() {
    GraphProto.Builder graph =
        labelled(
            scores(
                GraphProto.newBuilder()
                    .addInput(TestModels.value("row", TestModels.FLOAT, 1, FEATURES))));
    Path teacher = write(graph);
    Path student = folder.resolve("student-model.onnx");
    assertThat(distil(teacher, rows(200), student).rows()).isEqualTo(240);
    assertThat(sameLabels(teacher, student)).isGreaterThan(0.8);
  }

  @Test
  void teacherOfOneNumber_hasStudentsOfAsManyAxes() {
    GraphProto.Builder graph =
        GraphProto.newBuilder()
            .addInput(TestModels.value("row", TestModels.FLOAT, -1, FEATURES))
            .addNode(
                TestModels.node("ReduceSum", "sum", List.of("row", "last"), "y")
                    .addAttribute(integer("keepdims", 0)))
            .addInitializer(
                TensorProto.newBuilder()
                    .setName("last")
                    .setDataType(TestModels.INT64)
                    .addDims(1)
                    .addInt64Data(1))
            .addOutput(TestModels.value("y", TestModels.FLOAT, -1));
    Path teacher = write(graph);
    Path student = folder.resolve("student-model.onnx");
    assertThat(distil(teacher, rows(300), student).agreement()).isGreaterThan(0.95);
    assertThat(answers(student, rows(1).samples().getFirst(), "y").getFirst().dimensions())
        .containsExactly(1);
  }

  @Test
  void teacherOfOneClass_isRefused() {
    GraphProto.Builder graph =
        GraphProto.newBuilder()
            .addInput(TestModels.value("row", TestModels.FLOAT, -1, FEATURES))
            .addInitializer(
                TensorProto.newBuilder()
                    .setName("zero")
                    .setDataType(TestModels.FLOAT)
                    .addFloatData(0))
            .addNode(TestModels.node("Mul", "none", List.of("row", "zero"), "raw"))
            .addNode(place())
            .addNode(TestModels.node("Identity", "same", List.of("place"), "label"))
            .addOutput(TestModels.value("label", TestModels.INT64, -1));
    Path teacher = write(graph);
    assertThatThrownBy(() -> distil(teacher, rows(40), folder.resolve("student-model.onnx")))
        .isInstanceOf(OptimizerException.class)
        .hasMessage("all rows are of one class (expected: samples of more)");
  }

  @Test
  void outputsThatAreNoLabelAndNoScores_areRefused() {
    Path teacher =
        write(
            labelled(ofOneInput())
                .addOutput(TestModels.value("scores", TestModels.FLOAT, -1, CLASSES))
                .addOutput(TestModels.value("raw", TestModels.FLOAT, -1, CLASSES)));
    assertThatThrownBy(() -> distil(teacher, rows(40), folder.resolve("student-model.onnx")))
        .isInstanceOf(OptimizerException.class)
        .hasMessage("output 'raw' is neither a label nor scores (expected: one of each at most)");
  }

  @Test
  void inputsThatAreNoRows_areRefused_withTheirShape() {
    Path teacher =
        write(
            GraphProto.newBuilder()
                .addInput(TestModels.value("image", TestModels.FLOAT, -1, 2, 2))
                .addNode(TestModels.node("Identity", "same", List.of("image"), "y"))
                .addOutput(TestModels.value("y", TestModels.FLOAT, -1, 2, 2)));
    assertThatThrownBy(() -> distil(teacher, rows(4), folder.resolve("student-model.onnx")))
        .isInstanceOf(OptimizerException.class)
        .hasMessage("input 'image' is FLOAT [-1, 2, 2] (expected: rows of numbers)");
  }

  @Test
  void columnsOfUnsignedNumbers_areRefused_byTheirType() {
    Path teacher =
        write(
            GraphProto.newBuilder()
                .addInput(TestModels.value("row", ElementType.UINT16.code(), -1, FEATURES))
                .addNode(
                    TestModels.node("Cast", "cast", List.of("row"), "y")
                        .addAttribute(integer("to", 1)))
                .addOutput(TestModels.value("y", TestModels.FLOAT, -1, FEATURES)));
    SampleSet samples =
        new SampleSet(
            "unsigned",
            List.of(
                List.of(
                    new TensorValue(
                        "row",
                        Tensor.of(
                            ElementType.UINT16, Tensor.allocate(2L * FEATURES), 1, FEATURES)))));
    assertThatThrownBy(() -> distil(teacher, samples, folder.resolve("student-model.onnx")))
        .isInstanceOf(OptimizerException.class)
        .hasMessage("UINT16 columns (expected: floating or signed whole numbers)");
  }
}
