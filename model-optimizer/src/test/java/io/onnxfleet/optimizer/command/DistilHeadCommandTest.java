package io.onnxfleet.optimizer.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.repository.FolderModelRepository;
import io.onnxfleet.engine.repository.ModelFolder;
import io.onnxfleet.optimizer.TestEncoders;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.proto.ValueInfoProto;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class DistilHeadCommandTest {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private Path encoder = Path.of("");
  private Path training = Path.of("");
  private Path held = Path.of("");

  @BeforeEach
  void writeModel() throws IOException {
    encoder = folder.resolve("encoder");
    TestEncoders.write(Files.createDirectories(encoder.resolve("onnx")).resolve("model.onnx"), 2);
    TestEncoders.tokenizer(encoder);
    write(
        "encoder/config.json",
        """
        {"_name_or_path": "somebody/encoder", "architectures": ["BertModel"], "model_type": "bert",
         "vocab_size": 63, "max_position_embeddings": 12}
        """);
    write("encoder/tokenizer_config.json", "{\"model_max_length\": 8, \"do_lower_case\": true}");
    training = write("train.tsv", rows(new Random(1), 60));
    held = write("held.tsv", rows(new Random(2), 40));
  }

  @Test
  void head_writesAFolderInTheHubsLayout() {
    Path result = folder.resolve("topics");
    assertThat(
            run("distil", "head", encoder, "-o", result, "--train", training, "--held-out", held))
        .as(err.toString())
        .isZero();

    ModelFolder found = new FolderModelRepository(folder).find("topics").orElseThrow();
    assertThat(found.problem()).isNull();
    assertThat(found.config()).isNull();
    OnnxModel written = OnnxModel.read(result.resolve("onnx/model.onnx"));
    assertThat(written.graph().outputs())
        .extracting(ValueInfoProto::getName)
        .containsExactly("logits");
    assertThat(written.graph().requiredInputs())
        .extracting(ValueInfoProto::getName)
        .containsExactly("input_ids", "attention_mask");
    JsonNode config = json(result.resolve("config.json"));
    assertThat(config.at("/architectures/0").asString()).isEqualTo("BertForSequenceClassification");
    assertThat(config.get("id2label"))
        .isEqualTo(JSON.readTree("{\"0\": \"high\", \"1\": \"low\", \"2\": \"middle\"}"));
    assertThat(config.get("label2id"))
        .isEqualTo(JSON.readTree("{\"high\": 0, \"low\": 1, \"middle\": 2}"));
    assertThat(config.get("problem_type").asString()).isEqualTo("single_label_classification");
    assertThat(config.has("_name_or_path")).isFalse();
    assertThat(config.get("vocab_size").asInt()).isEqualTo(63);
    assertThat(json(result.resolve("tokenizer_config.json")))
        .isEqualTo(JSON.readTree("{\"model_max_length\": 8, \"do_lower_case\": true}"));
    assertThat(result.resolve("tokenizer.json"))
        .hasSameTextualContentAs(encoder.resolve("tokenizer.json"));
    assertThat(names(folder)).containsExactly("encoder", "held.tsv", "topics", "train.tsv");
  }

  @Test
  void report_countsWhatTheHeadWasRightAbout() {
    Path result = folder.resolve("topics");
    run("distil", "head", encoder, "-o", result, "--train", training, "--held-out", held);

    JsonNode report = json(result.resolve("report.json"));
    JsonNode heldOut = report.get("heldOut");
    int right = 0;
    int all = 0;
    for (int row = 0; row < 3; row++) {
      for (int column = 0; column < 3; column++) {
        int texts = report.at("/confusionMatrix/%d/%d".formatted(row, column)).asInt();
        all += texts;
        right += row == column ? texts : 0;
      }
    }
    assertThat(all).isEqualTo(40).isEqualTo(heldOut.get("texts").asInt());
    assertThat(heldOut.get("accuracy").asDouble()).isEqualTo(right / 40.0);
    // The words of a label are other words than those of another.
    assertThat(heldOut.get("accuracy").asDouble())
        .isGreaterThan(heldOut.get("commonestLabelAlone").asDouble());
    assertThat(report.at("/training/converged").asBoolean()).isTrue();
    assertThat(out.toString()).contains("trained on 60 texts of 3 labels", "accuracy 0.");
  }

  @Test
  void head_isTheSame_whenItIsMadeAgain() throws IOException {
    for (String name : List.of("one", "other")) {
      assertThat(run("distil", "head", encoder, "-o", folder.resolve(name), "--train", training))
          .as(err.toString())
          .isZero();
    }
    assertThat(
            Files.mismatch(
                folder.resolve("one/onnx/model.onnx"), folder.resolve("other/onnx/model.onnx")))
        .isEqualTo(-1);
    assertThat(json(folder.resolve("one/report.json")))
        .isEqualTo(json(folder.resolve("other/report.json")));
  }

  @Test
  void strength_isChosenAmongTheTextsToTrainOn() {
    Path result = folder.resolve("topics");
    assertThat(run("distil", "head", encoder, "-o", result, "--train", training, "-C", "auto"))
        .as(err.toString())
        .isZero();

    JsonNode chosen = json(result.resolve("report.json")).get("training");
    JsonNode tried = chosen.get("crossValidatedAccuracy");
    assertThat(tried.propertyNames()).containsExactly("0.1", "1.0", "10.0", "100.0");
    double best = tried.get(chosen.get("inverseRegularization").asString()).asDouble();
    assertThat(tried.valueStream())
        .allSatisfy(one -> assertThat(one.asDouble()).isLessThanOrEqualTo(best));
  }

  @Test
  void texts_ofUnknownLabels_areToldApart() {
    Path odd = write("odd.tsv", "text\tlabel\nw1 w2\tlow\nw3\tnone\nw4\tnone\n");
    run(
        "distil",
        "head",
        encoder,
        "-o",
        folder.resolve("topics"),
        "--train",
        training,
        "--held-out",
        odd);

    JsonNode heldOut = json(folder.resolve("topics/report.json")).get("heldOut");
    assertThat(heldOut.get("texts").asInt()).isOne();
    assertThat(heldOut.at("/textsOfUnknownLabels/none").asInt()).isEqualTo(2);
    assertThat(heldOut.get("labelsWithoutTexts").size()).isEqualTo(2);
    assertThat(out.toString()).contains("left out of this: 2 texts");
  }

  @Test
  void head_saysWhy_andLeavesNothing() throws IOException {
    Path result = folder.resolve("topics");
    Path lone = write("lone.csv", "text,label\nw1,a\nw2,a\n");
    assertThat(run("distil", "head", encoder, "-o", result, "--train", lone)).isOne();
    assertThat(err.toString())
        .contains("1 labels in the texts to train on: [a] (expected: 2 or more)");
    assertThat(run("distil", "head", folder, "-o", result, "--train", training)).isOne();
    assertThat(err.toString()).contains("no versions", "a model folder that the fleet serves");
    assertThat(run("distil", "head", encoder, "-o", result, "--train", training, "-C", "0"))
        .isOne();
    assertThat(err.toString()).contains("C: 0.0 (expected: above 0)");
    Path strange = write("strange.csv", "text,label\nw1,x\n");
    assertThat(
            run(
                "distil",
                "head",
                encoder,
                "-o",
                result,
                "--train",
                training,
                "--held-out",
                strange))
        .isOne();
    assertThat(err.toString())
        .contains("strange.csv: none of its 1 texts has a label of those to train on");
    assertThat(names(folder))
        .doesNotContain("topics")
        .noneMatch(name -> name.startsWith(".optimize"));
    Files.createDirectory(result);
    assertThat(run("distil", "head", encoder, "-o", result, "--train", training)).isOne();
    assertThat(err.toString())
        .contains("topics exists (expected: a folder that is still to be made)");
  }

  private int run(Object... arguments) {
    return OptimizeCommand.commandLine(new PrintWriter(out, true), new PrintWriter(err, true))
        .execute(Stream.of(arguments).map(Object::toString).toArray(String[]::new));
  }

  private Path write(String name, String content) {
    try {
      return Files.writeString(folder.resolve(name), content);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  /** Texts of the words of their label, some longer than the encoder takes at once. */
  private static String rows(Random random, int count) {
    StringBuilder rows = new StringBuilder("text\tlabel\n");
    List<String> labels = List.of("low", "middle", "high");
    for (int row = 0; row < count; row++) {
      int label = row % labels.size();
      int words = random.nextInt(2, 14);
      for (int word = 0; word < words; word++) {
        rows.append('w').append(20 * label + random.nextInt(20)).append(' ');
      }
      rows.append('\t').append(labels.get(label)).append('\n');
    }
    return rows.toString();
  }

  private static JsonNode json(Path file) {
    try {
      return JSON.readTree(Files.readString(file));
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  private static List<String> names(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }
}
