package io.onnxfleet.optimizer.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.repository.config.reading.ModelConfigParser;
import io.onnxfleet.optimizer.TestModels;
import io.onnxfleet.optimizer.auto.Measurement;
import io.onnxfleet.optimizer.auto.Search;
import io.onnxfleet.optimizer.auto.SearchOptions;
import io.onnxfleet.optimizer.auto.SearchReport;
import io.onnxfleet.optimizer.auto.Target;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.proto.GraphProto;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.sample.SampleSet;
import io.onnxfleet.optimizer.sample.SampleSource;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AutoCommandTest {
  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private Path model = Path.of("");

  @BeforeEach
  void writeModel() throws IOException {
    GraphProto.Builder graph = TestModels.perceptron(new Random(1));
    Path original = Files.createDirectories(folder.resolve("classifier/1"));
    model = TestModels.write(original.resolve("model.onnx"), graph);
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
  void auto_writesTheSmallest_withItsReportAndFamily() throws IOException {
    Path result = folder.resolve("small");
    assertThat(
            run(
                "auto",
                model,
                "-o",
                result,
                "--max-quality-loss",
                "5%",
                "--target",
                "size",
                "--rounds",
                1,
                "--sample-count",
                16))
        .as(err.toString())
        .isZero();
    assertThat(out.toString()).contains("| int8 |", "nothing to fuse", "| chosen |", "written: ");
    assertThat(ModelConfigParser.read(result.resolve("config.pbtxt")).parameters())
        .containsEntry("family", "classifier")
        .hasEntrySatisfying(
            "quality", text -> assertThat(Double.valueOf(text)).isBetween(0.95, 1.0))
        .containsKey("cost_ms");
    assertThat(Files.size(result.resolve("1/model.onnx"))).isLessThan(Files.size(model));
    assertThat(OnnxModel.read(result.resolve("1/model.onnx")).graph().nodes()).isNotEmpty();
    assertThat(Files.readString(result.resolve("report.html"))).contains("<svg");
    assertThat(Files.readString(result.resolve("report.json"))).contains("\"chosen\" : true");
    assertThat(files()).containsExactly("classifier", "small");
  }

  @Test
  void auto_writesNothing_whenNothingLosesSoLittle() {
    assertThat(
            run(
                "auto",
                model,
                "-o",
                folder.resolve("small"),
                "--max-quality-loss",
                "0",
                "--target",
                "size",
                "--rounds",
                1,
                "--sample-count",
                16))
        .isEqualTo(3);
    assertThat(err.toString()).contains("nothing was written");
    assertThat(files()).containsExactly("classifier");
  }

  @Test
  void search_goesOnWhereItWas_whenItWasStopped() throws IOException {
    Path workspace = Files.createDirectories(folder.resolve("workspace"));
    SampleSet samples;
    try (RunnableModel original = RunnableModel.open(model, SessionSettings.DEFAULT)) {
      samples = new SampleSource(new Random(1), 8).samplesFor(original, null);
    }
    SearchOptions options = new SearchOptions(Target.SIZE, 0.05, 2, 1, false, 1);
    List<String> made = new ArrayList<>();
    SearchReport first = search(workspace, options, samples, made).run();
    assertThat(made).isNotEmpty();
    // The last one was not measured yet.
    Path ledger = workspace.resolve("measured.json");
    String content = Files.readString(ledger);
    int last = content.lastIndexOf(",{");
    Files.writeString(ledger, content.substring(0, last) + "]}");
    made.clear();
    SearchReport second = search(workspace, options, samples, made).run();
    assertThat(made).hasSize(1);
    assertThat(second.measurements().stream().map(Measurement::name))
        .containsExactlyElementsOf(first.measurements().stream().map(Measurement::name).toList());
    assertThat(second.measurements().getFirst()).isEqualTo(first.measurements().getFirst());
  }

  private Search search(
      Path workspace, SearchOptions options, SampleSet samples, List<String> made) {
    return new Search(
        model,
        workspace,
        options,
        samples,
        samples,
        (part, _, _) -> {
          if (part.contains(" of ")) {
            made.add(part);
          }
        });
  }
}
