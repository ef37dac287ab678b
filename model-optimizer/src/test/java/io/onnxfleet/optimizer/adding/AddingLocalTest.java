package io.onnxfleet.optimizer.adding;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.onnxfleet.engine.textsettings.ModelTask;
import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.TestEncoders;
import io.onnxfleet.optimizer.TestModels;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Models from folders and archives. */
class AddingLocalTest {
  private static final long MOST_BYTES = 1 << 20;

  @TempDir private Path folder;
  private Path models = Path.of("");
  private Path source = Path.of("");

  @BeforeEach
  void writeSource() throws IOException {
    models = folder.resolve("models");
    source = folder.resolve("topics");
    TestEncoders.write(Files.createDirectories(source.resolve("onnx")).resolve("model.onnx"), 1);
    TestEncoders.tokenizer(source);
    write("config.json", "{\"architectures\": [\"BertModel\"]}");
    write("README.md", "---\nlanguage: en\nlicense: mit\n---\nlicense: none\n");
    write("pytorch_model.bin", "not wanted");
  }

  @Test
  void folder_isCopied_onceAndForAll() throws Exception {
    Adding.Added added = add(source);

    assertThat(AddingHubTest.files(added.folder()))
        .containsExactly(
            "README.md", "config.json", "fleet-source.json", "onnx/model.onnx", "tokenizer.json");
    assertThat(added.description().lines()).contains("licence: mit (README.md)");
    assertThat(add(source).before()).isTrue();
    write("config.json", "{\"architectures\": [\"BertModel\"], \"hidden_size\": 12}");
    refused(source, "is there, from " + source);
  }

  @Test
  void folder_inTritonsLayout_isCopiedWhole() throws Exception {
    Path triton = folder.resolve("numbers");
    TestModels.write(
        Files.createDirectories(triton.resolve("2")).resolve("model.onnx"),
        TestModels.perceptron(new Random(1)));
    Files.writeString(triton.resolve("config.pbtxt"), "max_batch_size: 4\n");

    Adding.Added added = add(triton);

    assertThat(AddingHubTest.files(added.folder()))
        .containsExactly("2/model.onnx", "config.pbtxt", "fleet-source.json");
    assertThat(added.description().task()).isNull();
    assertThat(added.description().curl("numbers", "http://x", true))
        .isEqualTo(
            "curl -s http://x/v2/models/numbers -H \"Authorization: Bearer $FLEET_API_KEY\"");
  }

  @Test
  void links_ofAHubsCache_areFollowed() throws Exception {
    Path cache = Files.createDirectories(folder.resolve("cache/onnx"));
    Files.createSymbolicLink(cache.resolve("model.onnx"), source.resolve("onnx/model.onnx"));
    Files.createSymbolicLink(
        cache.resolveSibling("tokenizer.json"), source.resolve("tokenizer.json"));

    Adding.Added added = add(folder.resolve("cache"));

    assertThat(Files.isSymbolicLink(added.folder().resolve("onnx/model.onnx"))).isFalse();
    assertThat(added.folder().resolve("onnx/model.onnx"))
        .hasSameBinaryContentAs(source.resolve("onnx/model.onnx"));
  }

  @Test
  void classifier_isToldByItsLabels() throws Exception {
    write(
        "config.json",
        """
        {"architectures": ["BertForSequenceClassification"],
         "id2label": {"0": "good", "1": "bad"}}
        """);
    assertThat(add(source, "no-head", null).description().task())
        .as("vectors of tokens are no logits, whatever the folder says")
        .isEqualTo(ModelTask.EMBED);
    TestEncoders.writeClassifier(source.resolve("onnx/model.onnx"), 2);

    ModelDescription description = add(source).description();

    assertThat(description.task()).isEqualTo(ModelTask.CLASSIFY);
    assertThat(description.lines())
        .contains(
            "task: classify (config.json: BertForSequenceClassification)", "labels: 2: good, bad");
    assertThat(description.curl("topics", "http://x", false))
        .isEqualTo(
            "curl -s http://x/v1/classify -H 'Content-Type: application/json' -d '{\"model\": \"topics\", \"input\": \"a sentence\"}'");
  }

  @Test
  void otherOnnxFile_isServedByItsName() throws Exception {
    Files.move(source.resolve("onnx/model.onnx"), source.resolve("onnx/model_quantized.onnx"));
    refused(source, "[onnx/model_quantized.onnx] (expected: --file with one of these)");

    Adding.Added added = add(source, null, "onnx/model_quantized.onnx");

    assertThat(added.folder().resolve("config.pbtxt"))
        .content()
        .isEqualTo("default_model_filename: \"model_quantized.onnx\"\n");
    assertThat(added.description().task()).isEqualTo(ModelTask.EMBED);
  }

  @ParameterizedTest
  @CsvSource({
    "pytorch_model.bin,'[pytorch_model.bin], which is a program to Python and is not opened here; export it'",
    "model.safetensors,'[model.safetensors]; export it: optimum-cli export onnx'",
    "notes.txt,no ONNX file among "
  })
  void folder_withoutOnnx_saysHowToGetOne(String file, String message) throws IOException {
    Path other = Files.createDirectory(folder.resolve("other"));
    Files.writeString(other.resolve(file), "x");
    refused(other, message);
    assertThat(models.resolve("other")).doesNotExist();
  }

  @Test
  void tokenizer_thatIsMissing_isSaid_andOneThatDoesNotLoad_isRefused() throws Exception {
    Files.delete(source.resolve("tokenizer.json"));
    ModelDescription description = add(source).description();
    assertThat(description.task()).isNull();
    assertThat(description.lines()).contains("task: tensors (no tokenizer.json, which text takes)");
    write("tokenizer.json", "{}");
    assertThatExceptionOfType(OptimizerException.class)
        .isThrownBy(() -> add(source, "other", null))
        .withMessageContaining("tokenizer.json");
  }

  @Test
  void model_thatDoesNotLoad_leavesNothing() throws IOException {
    Files.writeString(source.resolve("onnx/model.onnx"), "no model");
    refused(source, "model.onnx");
    assertThat(AddingHubTest.files(models)).containsExactly(".add/lock");
  }

  @ParameterizedTest
  @ValueSource(strings = {"topics.zip", "topics.tar.gz", "nested.tgz"})
  void archive_isUnpacked(String name) throws Exception {
    String inner = name.startsWith("nested") ? "some-folder/" : "";
    Path archive = folder.resolve(name);
    if (name.endsWith(".zip")) {
      zip(archive, Map.of(), inner);
    } else {
      tar(archive, null, inner);
    }

    Adding.Added added = add(archive);

    assertThat(added.folder().getFileName().toString()).isEqualTo(name.replaceFirst("\\..*", ""));
    assertThat(added.folder().resolve("onnx/model.onnx"))
        .hasSameBinaryContentAs(source.resolve("onnx/model.onnx"));
    assertThat(AddingHubTest.files(models.resolve(".add"))).containsExactly("lock");
    assertThat(add(archive).before()).isTrue();
  }

  @Test
  void archive_ofMacOs_isUnpacked() throws Exception {
    Path archive = folder.resolve("topics.zip");
    zip(archive, Map.of("__MACOSX/topics/onnx/._model.onnx", "x", ".DS_Store", "x"), "topics/");
    assertThat(AddingHubTest.files(add(archive).folder()))
        .containsExactly("config.json", "fleet-source.json", "onnx/model.onnx", "tokenizer.json");
  }

  @ParameterizedTest
  @ValueSource(strings = {"../x", "a/../../x", "/tmp/x"})
  void archive_whosePathsLeaveIt_isRefused(String path) throws IOException {
    Path archive = folder.resolve("bad.zip");
    zip(archive, Map.of(path, "x"), "");
    refused(archive, "entry '%s' (expected a path within the source)".formatted(path));
    Path tar = folder.resolve("bad.tar.gz");
    TarArchiveEntry entry = new TarArchiveEntry(path, true);
    tar(tar, entry, "");
    refused(tar, "entry '%s' (expected a path within the source)".formatted(path));
    assertThat(AddingHubTest.files(models)).containsExactly(".add/lock");
    assertThat(models.resolve("x")).doesNotExist();
    assertThat(models.resolve(".add/x")).doesNotExist();
  }

  @Test
  void archive_withAnEntryTwice_isRefused() throws IOException {
    Path archive = folder.resolve("bad.zip");
    zip(archive, Map.of("./config.json", "{}"), "");
    refused(archive, "entry './config.json' comes twice");
  }

  @Test
  void archive_withALink_isRefused() throws IOException {
    Path archive = folder.resolve("bad.tar.gz");
    TarArchiveEntry entry = new TarArchiveEntry("onnx/other", TarConstants.LF_SYMLINK);
    entry.setLinkName("/etc/passwd");
    tar(archive, entry, "");
    refused(archive, "entry 'onnx/other' is a link or a device");
  }

  @Test
  void archive_thatUnpacksToTooMuch_isRefused() throws IOException {
    Path archive = folder.resolve("large.zip");
    zip(archive, Map.of("notes.txt", "a".repeat((int) MOST_BYTES)), "");
    assertThat(Files.size(archive)).isLessThan(MOST_BYTES / 2);
    refused(archive, "unpacks to more bytes than 1048576 (--max-bytes)");
  }

  @Test
  void file_thatIsNoArchive_isRefused() throws IOException {
    refused(
        Files.writeString(folder.resolve("x.zip"), "text"),
        "no archive (expected: .zip or .tar.gz)");
  }

  @ParameterizedTest
  @ValueSource(strings = {"../x", ".x", "a/b", "a b", ""})
  void name_ofAnotherForm_isRefused(String name) {
    assertThatExceptionOfType(OptimizerException.class)
        .isThrownBy(() -> add(source, name, null))
        .withMessageStartingWith("name '" + name + "'");
  }

  private Adding.Added add(Path from) throws InterruptedException {
    return add(from, null, null);
  }

  private Adding.Added add(Path from, @Nullable String name, @Nullable String file)
      throws InterruptedException {
    return new Adding(models, Map.of(), new Adding.Options(name, file, MOST_BYTES), (_, _, _) -> {})
        .add(ModelSource.parse(from.toString()));
  }

  private void refused(Path from, String message) {
    assertThatExceptionOfType(OptimizerException.class)
        .isThrownBy(() -> add(from))
        .withMessageContaining(message);
  }

  private void write(String name, String content) throws IOException {
    Files.writeString(source.resolve(name), content);
  }

  private void zip(Path archive, Map<String, String> more, String inner) throws IOException {
    try (OutputStream file = Files.newOutputStream(archive);
        ZipOutputStream zip = new ZipOutputStream(file)) {
      for (String name : List.of("onnx/model.onnx", "tokenizer.json", "config.json")) {
        zip.putNextEntry(new ZipEntry(inner + name));
        zip.write(Files.readAllBytes(source.resolve(name)));
      }
      for (Map.Entry<String, String> entry : more.entrySet()) {
        zip.putNextEntry(new ZipEntry(entry.getKey()));
        zip.write(entry.getValue().getBytes(UTF_8));
      }
    }
  }

  private void tar(Path archive, @Nullable TarArchiveEntry more, String inner) throws IOException {
    try (OutputStream file = Files.newOutputStream(archive);
        TarArchiveOutputStream tar = new TarArchiveOutputStream(new GZIPOutputStream(file))) {
      tar.putArchiveEntry(new TarArchiveEntry("./"));
      tar.closeArchiveEntry();
      for (String name : List.of("onnx/model.onnx", "tokenizer.json", "config.json")) {
        byte[] content = Files.readAllBytes(source.resolve(name));
        TarArchiveEntry entry = new TarArchiveEntry("./" + inner + name);
        entry.setSize(content.length);
        tar.putArchiveEntry(entry);
        tar.write(content);
        tar.closeArchiveEntry();
      }
      if (more != null) {
        tar.putArchiveEntry(more);
        tar.closeArchiveEntry();
      }
    }
  }
}
