package io.onnxfleet.optimizer.adding;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.onnxfleet.engine.textsettings.ModelTask;
import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.TestEncoders;
import io.onnxfleet.optimizer.hub.HubReference;
import io.onnxfleet.optimizer.hub.HubServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Models from a hub, over real sockets. */
class AddingHubTest {
  private static final long MOST_BYTES = 1 << 24;

  @TempDir private Path folder;
  private final HubServer hub = new HubServer();
  private Path models = Path.of("");
  private byte[] onnx = {};

  @BeforeEach
  void fillHub() throws IOException {
    models = folder.resolve("models");
    Path source = Files.createDirectory(folder.resolve("source"));
    onnx = Files.readAllBytes(TestEncoders.write(source.resolve("model.onnx"), 2));
    assertThat(onnx.length).isGreaterThan(4096);
    hub.file("onnx/model.onnx", onnx)
        .file("onnx/model_O4.onnx", "not wanted")
        .file("tokenizer.json", Files.readAllBytes(TestEncoders.tokenizer(source)))
        .file("config.json", "{\"architectures\": [\"BertModel\"], \"model_type\": \"bert\"}")
        .file("1_Pooling/config.json", "{\"pooling_mode_cls_token\": true}")
        .file("pytorch_model.bin", "not wanted")
        .file("run.py", "not wanted");
  }

  @AfterEach
  void close() {
    hub.close();
  }

  @Test
  void add_bringsWhatIsServed_andSaysWhatItIs() throws Exception {
    Adding.Added added = add();

    assertThat(added.before()).isFalse();
    assertThat(added.folder()).isEqualTo(models.resolve("some-model"));
    assertThat(files(added.folder()))
        .containsExactly(
            "1_Pooling/config.json",
            "config.json",
            "fleet-source.json",
            "onnx/model.onnx",
            "tokenizer.json");
    assertThat(added.folder().resolve("onnx/model.onnx")).hasBinaryContent(onnx);
    assertThat(added.source()).contains("hf://somebody/some-model@main", HubServer.COMMIT);
    assertThat(added.description().task()).isEqualTo(ModelTask.EMBED);
    assertThat(added.description().lines())
        .anySatisfy(line -> assertThat(line).isEqualTo("task: embed (vectors of 12 numbers)"))
        .anySatisfy(line -> assertThat(line).startsWith("pooling: cls (1_Pooling/config.json)"))
        .contains("licence: apache-2.0 (the hub)");
    assertThat(leftovers()).isEmpty();
  }

  @Test
  void add_doesNothing_whenTheModelIsThereAlready() throws Exception {
    add();
    int before = hub.requests().size();

    assertThat(add().before()).isTrue();
    assertThat(hub.requests()).hasSize(before + 1);
  }

  @Test
  void add_refuses_whenAnotherFileOfTheModelIsThere() throws Exception {
    hub.file("onnx/model_O4.onnx", onnx);
    new Adding(
            models,
            Map.of("HF_ENDPOINT", hub.address()),
            new Adding.Options(null, "onnx/model_O4.onnx", MOST_BYTES),
            (_, _, _) -> {})
        .add(new ModelSource.Hub(HubReference.parse("hf://somebody/some-model")));
    refused("is there, from hf://somebody/some-model@main");
  }

  @Test
  void add_refuses_whenTheFilesWereChangedSince_orTheNameIsTaken() throws Exception {
    Adding.Added added = add();
    Files.writeString(added.folder().resolve("config.json"), "{}");
    refused("was changed since it was brought from hf://somebody/some-model@main");
    Files.delete(added.folder().resolve("fleet-source.json"));
    refused("is there, and was not brought by ./fleet add");
  }

  @Test
  void transfer_thatBreaks_isResumedWhereItEnded() throws Exception {
    hub.cutting("onnx/model.onnx", 3000);

    assertThat(add().folder().resolve("onnx/model.onnx")).hasBinaryContent(onnx);

    assertThat(
            hub.requests().stream()
                .filter(request -> request.server().equals("store"))
                .map(HubServer.Request::range))
        .containsExactly("", "bytes=3000-");
  }

  @Test
  void transfer_isResumed_byALaterCall() throws Exception {
    Path part =
        models.resolve(
            ".add/some-model-%s/some-model/onnx/model.onnx.part".formatted(HubServer.COMMIT));
    Files.createDirectories(part.getParent());
    Files.write(part, Arrays.copyOf(onnx, 5000));

    assertThat(add().folder().resolve("onnx/model.onnx")).hasBinaryContent(onnx);

    assertThat(hub.requests())
        .filteredOn(request -> request.server().equals("store"))
        .extracting(HubServer.Request::range)
        .containsExactly("bytes=5000-");
    assertThat(leftovers()).isEmpty();
  }

  @Test
  void leftovers_ofACallForAnotherFile_areNotPublished() throws Exception {
    Path stage = models.resolve(".add/some-model-%s/some-model".formatted(HubServer.COMMIT));
    Files.createDirectories(stage.resolve("onnx"));
    Files.write(stage.resolve("onnx/model_O4.onnx"), onnx);
    Files.writeString(stage.resolve("onnx/model_O1.onnx.part"), "a half");
    Files.writeString(stage.resolve("config.pbtxt"), "default_model_filename: \"model_O4.onnx\"\n");

    assertThat(files(add().folder()))
        .containsExactly(
            "1_Pooling/config.json",
            "config.json",
            "fleet-source.json",
            "onnx/model.onnx",
            "tokenizer.json");
  }

  @Test
  void transfer_beginsAgain_whereTheHubKnowsNoRanges() throws Exception {
    hub.ignoringRanges().cutting("onnx/model.onnx", 3000);
    assertThat(add().folder().resolve("onnx/model.onnx")).hasBinaryContent(onnx);
  }

  @Test
  void part_ofAnotherContent_isRefusedByItsDigest() throws Exception {
    Path part =
        models.resolve(
            ".add/some-model-%s/some-model/onnx/model.onnx.part".formatted(HubServer.COMMIT));
    Files.createDirectories(part.getParent());
    Files.write(part, new byte[5000]);

    refused("SHA-256", "as the hub says");
    assertThat(leftovers()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"onnx/model.onnx", "config.json"})
  void content_ofAnotherDigest_isRefused_andNothingIsLeft(String file) {
    byte[] other =
        file.equals("config.json") ? "{\"model_type\": \"x\"}".getBytes(UTF_8) : onnx.clone();
    other[other.length - 1] ^= 1;
    if (file.equals("config.json")) {
      hub.file(file, "{\"model_type\": \"y\"}");
    }
    hub.sendingInstead(file, other);

    refused(file, "as the hub says");
    assertThat(models.resolve("some-model")).doesNotExist();
    assertThat(leftovers()).isEmpty();
  }

  @Test
  void content_ofNoDigest_isRefused() {
    hub.withoutDigestOf("config.json");
    refused("config.json: the hub tells no digest");
    assertThat(leftovers()).isEmpty();
  }

  @Test
  void answer_ofAnotherCommit_isRefused() {
    hub.answeringWithCommit("f".repeat(40));
    refused("the hub answers with commit " + "f".repeat(40));
    assertThat(leftovers()).isEmpty();
  }

  @Test
  void answer_ofAnotherCommitThanWasAskedFor_isRefused() throws Exception {
    assertThatExceptionOfType(OptimizerException.class)
        .isThrownBy(() -> add("hf://somebody/some-model@" + "f".repeat(40), null))
        .withMessageContaining("the hub answers with commit " + HubServer.COMMIT);
    assertThat(add("hf://somebody/some-model@" + HubServer.COMMIT, null).before()).isFalse();
  }

  @Test
  void token_goesToTheHub_andNowhereElse() throws Exception {
    hub.asking("secret");
    add("hf://somebody/some-model", "secret");

    assertThat(hub.requests())
        .filteredOn(request -> request.server().equals("hub"))
        .extracting(HubServer.Request::authorization)
        .containsOnly("Bearer secret");
    assertThat(hub.requests())
        .filteredOn(request -> request.server().equals("store"))
        .isNotEmpty()
        .extracting(HubServer.Request::authorization)
        .containsOnly("");
  }

  @Test
  void add_saysThatATokenIsMissing_orWrong() {
    hub.asking("secret");
    refused("401, there is no such model, or it is private: HF_TOKEN (not set)");
    assertThatExceptionOfType(OptimizerException.class)
        .isThrownBy(() -> add("hf://somebody/some-model", "other"))
        .withMessageContaining("401, the hub takes no token as in HF_TOKEN for it")
        .withMessageNotContaining("other");
  }

  @ParameterizedTest
  @CsvSource({
    "401,GatedRepo,'401, it is gated: accept its terms'",
    "403,GatedRepo,'403, it is gated: accept its terms'",
    "403,'','403, it is gated'",
    "404,RepoNotFound,'404, no such model on'",
    "429,'',answered 429",
    "503,'',answered 503",
    "418,'',answered 418"
  })
  void refusals_areToldApart(int status, String code, String message) {
    hub.refusing(status, code);
    refused("hf://somebody/some-model@main: ", message);
  }

  @Test
  void add_saysWhatThereIsNot() {
    assertThatExceptionOfType(OptimizerException.class)
        .isThrownBy(() -> add("hf://somebody/other", null))
        .withMessageContaining("404, no such model");
    assertThatExceptionOfType(OptimizerException.class)
        .isThrownBy(() -> add("hf://somebody/some-model@v9", null))
        .withMessageContaining("404, the model has no such revision");
  }

  @Test
  void hub_thatCannotBeReached_isNamed() {
    String address = hub.address();
    hub.close();
    refused("cannot be asked", address);
  }

  @ParameterizedTest
  @ValueSource(strings = {"../x", "a/../../x", "/etc/x", "..\\x", "a//b"})
  void path_thatLeavesTheFolder_isRefused(String path) {
    hub.naming(path);
    refused("the hub names a file '" + path + "' (expected: a path within the model's folder)");
    assertThat(hub.requests()).hasSize(1);
  }

  @Test
  void pointer_ofGitLfs_isRefused() {
    hub.file(
        "onnx/model.onnx",
        """
        version https://git-lfs.github.com/spec/v1
        oid sha256:0123
        size 90387606
        """);
    refused("onnx/model.onnx", "a pointer of Git LFS");
    assertThat(models.resolve("some-model")).doesNotExist();
    assertThat(leftovers()).isEmpty();
  }

  @Test
  void disk_thatIsFull_isSaid_andTheTransferCanBeResumed() throws Exception {
    Path full = Path.of("/dev/full");
    assumeTrue(Files.exists(full), "a system without /dev/full");
    Path part =
        models.resolve(
            ".add/some-model-%s/some-model/onnx/model.onnx.part".formatted(HubServer.COMMIT));
    Files.createDirectories(part.getParent());
    Files.createSymbolicLink(part, full);

    refused("cannot be written: No space left on device; the same command resumes it");

    Files.delete(part);
    int before = hub.requests().size();
    assertThat(add().before()).isFalse();
    // The small files were there, and were not asked for again.
    assertThat(hub.requests().subList(before, hub.requests().size()))
        .extracting(HubServer.Request::path)
        .noneMatch(path -> path.endsWith("/tokenizer.json"));
  }

  private Adding.Added add() throws InterruptedException {
    return add("hf://somebody/some-model", null);
  }

  private Adding.Added add(String source, @Nullable String token) throws InterruptedException {
    Map<String, String> variables = new HashMap<>(Map.of("HF_ENDPOINT", hub.address()));
    if (token != null) {
      variables.put("HF_TOKEN", token);
    }
    return new Adding(
            models,
            variables,
            new Adding.Options(null, null, MOST_BYTES),
            (file, bytes, _) -> hub.arrived(file, bytes))
        .add(new ModelSource.Hub(HubReference.parse(source)));
  }

  private void refused(String... messages) {
    assertThatExceptionOfType(OptimizerException.class)
        .isThrownBy(this::add)
        .satisfies(refusal -> assertThat(refusal.getMessage()).contains(messages));
  }

  /** What there is of the model but the lock. */
  private List<String> leftovers() {
    Path work = models.resolve(".add");
    return Files.isDirectory(work)
        ? files(work).stream().filter(name -> !name.equals("lock")).toList()
        : List.of();
  }

  static List<String> files(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(Files::isRegularFile)
          .map(file -> folder.relativize(file).toString())
          .sorted()
          .toList();
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }
}
