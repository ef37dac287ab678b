package io.onnxfleet.optimizer.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.repository.config.reading.ModelConfigParser;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.TensorSpec;
import io.onnxfleet.engine.text.TextModel;
import io.onnxfleet.engine.text.pooling.Pooling;
import io.onnxfleet.optimizer.TestEncoders;
import io.onnxfleet.optimizer.TestModels;
import io.onnxfleet.optimizer.graph.OnnxModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DistilCommandTest {
  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private Path model = Path.of("");
  private Path fit = Path.of("");
  private Path judge = Path.of("");

  @BeforeEach
  void writeModel() throws IOException {
    Path teacher = Files.createDirectories(folder.resolve("teacher/1"));
    model = TestEncoders.write(teacher.resolve("model.onnx"), 3);
    TestEncoders.tokenizer(folder.resolve("teacher"));
    fit = TestEncoders.texts(folder.resolve("fit.txt"), new Random(1), 300);
    judge = TestEncoders.texts(folder.resolve("judge.txt"), new Random(2), 40);
  }

  private int run(Object... arguments) {
    return OptimizeCommand.commandLine(new PrintWriter(out, true), new PrintWriter(err, true))
        .execute(Stream.of(arguments).map(Object::toString).toArray(String[]::new));
  }

  private List<String> files() {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  @Test
  void static_writesAModelFolder_thatJoinsTheFamily() {
    Path student = folder.resolve("student");
    assertThat(
            run(
                "distil",
                "static",
                model,
                "-o",
                student,
                "--dimensions",
                8,
                "--fit-samples",
                fit,
                "--samples",
                judge))
        .as(err.toString())
        .isZero();
    assertThat(student.resolve("tokenizer.json")).exists();
    assertThat(ModelConfigParser.read(student.resolve("config.pbtxt")).parameters())
        .containsEntry("family", "teacher")
        .hasEntrySatisfying("quality", text -> assertThat(Double.valueOf(text)).isBetween(0.8, 1.0))
        .hasEntrySatisfying("cost_ms", text -> assertThat(Double.valueOf(text)).isPositive());
    OnnxModel written = OnnxModel.read(student.resolve("1/model.onnx"));
    assertThat(written.graph().outputs().getFirst().getName()).isEqualTo("sentence_embedding");
    assertThat(written.graph().requiredInputs().stream().map(input -> input.getName()))
        .containsExactly("input_ids", "attention_mask");
    assertThat(files()).containsExactly("fit.txt", "judge.txt", "student", "teacher");
    // As the fleet sees it.
    TensorSpec ids = new TensorSpec("input_ids", DataType.INT64, Shape.of(-1, -1));
    TensorSpec mask = new TensorSpec("attention_mask", DataType.INT64, Shape.of(-1, -1));
    TensorSpec vector = new TensorSpec("sentence_embedding", DataType.FP32, Shape.of(-1, 8));
    TextModel served = TextModel.of("student", 1, List.of(ids, mask), List.of(vector), Map.of());
    assertThat(served.pooling()).isEqualTo(Pooling.MODEL);
    assertThat(TextModel.tokenizerFile(student, 1)).contains(student.resolve("tokenizer.json"));
  }

  @Test
  void static_writesNothing_whenTheStudentDiffersTooMuch() {
    assertThat(
            run(
                "distil",
                "static",
                model,
                "-o",
                folder.resolve("student"),
                "--dimensions",
                2,
                "--no-fit",
                "--samples",
                judge,
                "--min-agreement",
                "100%"))
        .isEqualTo(3);
    assertThat(err.toString()).contains("the rank correlation is", "nothing was written");
    assertThat(files()).doesNotContain("student");
    assertThat(files()).noneMatch(name -> name.startsWith(".optimize"));
  }

  @Test
  void static_saysWhy_whenItCannotBe() throws IOException {
    Path other = TestModels.write(folder.resolve("x.onnx"), TestModels.perceptron(new Random(1)));
    assertThat(run("distil", "static", other, "-o", folder.resolve("student"))).isEqualTo(1);
    assertThat(err.toString()).contains("no tokenizer.json in its folder or the one above");
    assertThat(
            run(
                "distil",
                "static",
                model,
                "-o",
                folder.resolve("student"),
                "--samples",
                judge,
                "--fit-samples",
                fit,
                "--dimensions",
                64))
        .isEqualTo(1);
    assertThat(err.toString()).contains("dimensions: 64 (expected: <= 12, the teacher's)");
    assertThat(run("distil", "static", model, "-o", folder.resolve("teacher"))).isEqualTo(1);
    assertThat(err.toString()).contains("exists (expected: a folder that is still to be made)");
    assertThat(files()).doesNotContain("student");
  }

  @Test
  void layers_go_andMapsTakeTheirPlace() {
    Path student = folder.resolve("student.onnx");
    assertThat(
            run(
                "distil",
                "layers",
                model,
                "-o",
                student,
                "--keep",
                2,
                "--fit-samples",
                fit,
                "--samples",
                judge,
                "--max-quality-loss",
                "20%"))
        .as(err.toString())
        .isZero();
    assertThat(out.toString()).contains("layers: 3, without [");
    List<String> operators =
        OnnxModel.read(student).graph().nodes().stream().map(node -> node.operator()).toList();
    assertThat(operators.stream().filter("Softmax"::equals).count()).isEqualTo(2);
  }

  @Test
  void layers_areRefused_whenThereAreNotSoMany() {
    assertThat(
            run(
                "distil",
                "layers",
                model,
                "-o",
                folder.resolve("s.onnx"),
                "--keep",
                3,
                "--fit-samples",
                fit,
                "--samples",
                judge))
        .isEqualTo(1);
    assertThat(err.toString()).contains("layers: 3 (expected: 1 to 2, of 3)");
  }
}
