package io.onnxfleet.optimizer.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.repository.FolderModelRepository;
import io.onnxfleet.engine.repository.ModelFolder;
import io.onnxfleet.engine.repository.config.reading.FamilyMembership;
import io.onnxfleet.optimizer.TestEncoders;
import io.onnxfleet.optimizer.graph.OnnxModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AddCommandTest {
  @TempDir private Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void add_saysWhatTheModelIs_andHowItIsAsked() throws IOException {
    Path source = Files.createDirectory(folder.resolve("encoder"));
    TestEncoders.write(source.resolve("model.onnx"), 1);
    TestEncoders.tokenizer(source);
    Path models = folder.resolve("models");

    assertThat(
            run(
                source,
                "--models",
                models,
                "--name",
                "small",
                "--gateway",
                "http://127.0.0.1:9999"))
        .as(err.toString())
        .isZero();

    assertThat(out.toString().lines())
        .contains(
            "added: " + models.resolve("small"),
            "source: " + source,
            "task: embed (vectors of 12 numbers)",
            "licence: not stated",
            "curl -s http://127.0.0.1:9999/v1/embeddings -H 'Content-Type: application/json'"
                + " -d '{\"model\": \"small\", \"input\": \"a sentence\"}'");
    assertThat(run(source, "--models", models, "--name", "small")).isZero();
    assertThat(out.toString()).contains("there already: " + models.resolve("small"));
  }

  @Test
  void optimize_makesAnotherFormBesideIt_once() throws IOException {
    Path source = folder.resolve("encoder");
    Files.createDirectories(source.resolve("1_Pooling"));
    TestEncoders.write(source.resolve("model.onnx"), 1);
    TestEncoders.tokenizer(source);
    Files.writeString(source.resolve("1_Pooling/config.json"), "{}");
    String pooling = "parameters { key: \"pooling\" value { string_value: \"cls\" } }\n";
    Files.writeString(source.resolve("config.pbtxt"), "name: \"encoder\"\n" + pooling);
    Path models = folder.resolve("models");

    assertThat(run(source, "--models", models, "--optimize")).as(err.toString()).isZero();

    Path smaller = models.resolve("encoder-int8");
    assertThat(smaller.resolve("tokenizer.json"))
        .hasSameTextualContentAs(source.resolve("tokenizer.json"));
    assertThat(smaller.resolve("1_Pooling/config.json")).exists();
    assertThat(smaller.resolve("config.pbtxt")).content().isEqualTo(pooling);
    assertThat(OnnxModel.read(smaller.resolve("onnx/model.onnx")).graph().nodes())
        .anyMatch(node -> node.operator().contains("Integer"));
    assertThat(out.toString()).contains("added: " + smaller, "\"model\": \"encoder-int8\"");
    assertThat(run(source, "--models", models, "--optimize")).isZero();
    assertThat(out.toString()).contains("there already: " + smaller);
    Files.writeString(smaller.resolve("fleet-source.json"), "{\"files\": {\"a\": \"0\"}}");
    assertThat(run(source, "--models", models, "--optimize")).isOne();
    assertThat(err.toString()).contains("is no 8-bit form of encoder as it is now");
  }

  @Test
  void family_takesAModelAndItsForm_bySizeUntilAQualityIsStated() throws IOException {
    Path source = encoder("encoder", 1);
    String own = "parameters { key: \"pooling\" value { string_value: \"cls\" } }";
    Files.writeString(source.resolve("config.pbtxt"), own);
    Path models = folder.resolve("models");
    Object[] command = {source, "--models", models, "--optimize", "--family", "support"};

    assertThat(run(command)).as(err.toString()).isZero();

    assertThat(memberships(models))
        .containsExactly(
            new FamilyMembership("support", 0.5, true, 0),
            new FamilyMembership("support", 0.25, true, 0));
    assertThat(models.resolve("encoder/config.pbtxt")).content().startsWith(own + "\n");
    assertThat(out.toString())
        .contains("quality of encoder: 0.5000, its place by size; nothing was measured");
    String said = Files.readString(models.resolve("encoder/config.pbtxt"));
    assertThat(run(command)).as(err.toString()).isZero();
    assertThat(run(source, "--models", models)).as(err.toString()).isZero();
    assertThat(models.resolve("encoder/config.pbtxt")).content().isEqualTo(said);

    Path larger = encoder("larger", 2);
    assertThat(run(larger, "--models", models, "--family", "support")).as(err.toString()).isZero();
    assertThat(run(source, "--models", models, "--family", "support", "--quality", "0.9")).isZero();

    assertThat(memberships(models))
        .containsExactly(
            new FamilyMembership("support", 0.9, true, 0),
            new FamilyMembership("support", 0.25, true, 0),
            new FamilyMembership("support", 0.75, false, 0));
    assertThat(out.toString())
        .containsSubsequence(
            "family support, best first:",
            "  encoder, quality 0.9000",
            "  larger, quality 0.7500",
            "  encoder-int8, quality 0.2500");
  }

  @Test
  void family_isRefused_whereSizeOrTheSourceSaysOtherwise() throws IOException {
    Path models = folder.resolve("models");
    Path source = encoder("encoder", 1);
    assertThat(run(source, "--models", models, "--name", "support", "--family", "support"))
        .isZero();
    assertThat(memberships(models)).containsExactly(new FamilyMembership("support", 1, false, 0));

    assertThat(run(encoder("larger", 2), "--models", models, "--family", "support")).isOne();
    assertThat(err.toString())
        .contains(
            "no quality above 1.0000 of 'support' and below 1, the highest in family 'support'");

    Path joined = encoder("joined", 1);
    Files.writeString(
        joined.resolve("config.pbtxt"),
        """
        parameters { key: "family" value { string_value: "a" } }
        parameters { key: "quality" value { string_value: "1" } }
        """);
    assertThat(run(joined, "--models", models, "--family", "support")).isOne();
    assertThat(err.toString()).contains("config.pbtxt of 'joined' names a family by itself");
    assertThat(run(source, "--models", models, "--quality", "1")).isEqualTo(2);
    assertThat(run(source, "--models", models, "--family", "a", "--quality", "2")).isEqualTo(2);
    assertThat(run(source, "--models", models, "--family", "a b")).isOne();
    assertThat(models.resolve("encoder")).doesNotExist();
  }

  private Path encoder(String name, int layers) throws IOException {
    Path source = Files.createDirectory(folder.resolve(name));
    TestEncoders.write(source.resolve("model.onnx"), layers);
    TestEncoders.tokenizer(source);
    return source;
  }

  /** As the fleet reads them, by the models' names. */
  private static List<FamilyMembership> memberships(Path models) {
    return new FolderModelRepository(models)
        .scan().stream()
            .sorted(Comparator.comparing(ModelFolder::name))
            .map(found -> Objects.requireNonNull(found.config()).parameters())
            .flatMap(parameters -> FamilyMembership.of(parameters).stream())
            .toList();
  }

  @Test
  void add_saysWhyNot() {
    assertThat(run(folder.resolve("none"), "--models", folder.resolve("models"))).isOne();
    assertThat(err.toString())
        .startsWith("fleet: add: '" + folder.resolve("none"))
        .contains("expected: a folder, an archive .zip or .tar.gz, or hf://ORG/NAME[@REVISION]");
    assertThat(run("--models", folder)).isEqualTo(2);
  }

  private int run(Object... arguments) {
    return AddCommand.commandLine(new PrintWriter(out, true), new PrintWriter(err, true), Map.of())
        .execute(Stream.of(arguments).map(Object::toString).toArray(String[]::new));
  }
}
