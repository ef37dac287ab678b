package io.onnxfleet.optimizer.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.onnxfleet.optimizer.TestModels;
import io.onnxfleet.optimizer.graph.OnnxModel;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DistilTabularCommandTest {
  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(Object... arguments) {
    return OptimizeCommand.commandLine(new PrintWriter(out, true), new PrintWriter(err, true))
        .execute(Stream.of(arguments).map(Object::toString).toArray(String[]::new));
  }

  private static Path shared(String model) {
    String root = System.getProperty("fleet.shared", "");
    assumeTrue(!root.isEmpty(), "fleet.shared is not set");
    return Path.of(root, "models", model, "model.onnx");
  }

  @Test
  void tabular_learnsARegressor_ofRandomRows() {
    Path teacher =
        TestModels.write(folder.resolve("model.onnx"), TestModels.perceptron(new Random(1)));
    Path student = folder.resolve("student.onnx");
    assertThat(run("distil", "tabular", teacher, "-o", student, "--rows", 400))
        .as(err.toString())
        .isZero();
    assertThat(out.toString()).contains("trained on 320 rows");
    OnnxModel written = OnnxModel.read(student);
    assertThat(written.graph().requiredInputs().getFirst().getName()).isEqualTo("x");
    assertThat(written.graph().outputs().getFirst().getName()).isEqualTo("y");
  }

  @Test
  void tabular_learnsAForest_ofAFewRows() {
    assertThat(
            run(
                "distil",
                "tabular",
                shared("iris-randomforest-zipmap"),
                "-o",
                folder.resolve("student.onnx"),
                "--rows",
                600))
        .as(err.toString())
        .isZero();
    assertThat(OnnxModel.read(folder.resolve("student.onnx")).graph().outputs().get(1).getName())
        .isEqualTo("output_probability");
  }

  @Test
  void tabular_keepsTheNamesOfClasses() {
    assertThat(
            run(
                "distil",
                "tabular",
                shared("voting-classifier-string-labels"),
                "-o",
                folder.resolve("student.onnx"),
                "--rows",
                400))
        .as(err.toString())
        .isZero();
    assertThat(OnnxModel.read(folder.resolve("student.onnx")).graph().nodes())
        .anyMatch(node -> node.operator().equals("LabelEncoder"));
  }

  @Test
  void tabular_isRefused_whenTheStudentAgreesTooLittle_orTheRowsAreText() {
    Path teacher =
        TestModels.write(folder.resolve("model.onnx"), TestModels.perceptron(new Random(1)));
    assertThat(
            run(
                "distil",
                "tabular",
                teacher,
                "-o",
                folder.resolve("s.onnx"),
                "--rows",
                20,
                "--min-agreement",
                "100%"))
        .isEqualTo(3);
    assertThat(folder.resolve("s.onnx")).doesNotExist();
    assertThat(
            run(
                "distil",
                "tabular",
                shared("titanic-mixed-inputs"),
                "-o",
                folder.resolve("t.onnx")))
        .isEqualTo(1);
    assertThat(err.toString()).contains("no numbers");
    assertThat(folder.resolve("t.onnx")).doesNotExist();
  }
}
